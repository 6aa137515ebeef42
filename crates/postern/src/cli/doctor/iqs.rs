//! The IQs of a site: can commands to them be signed, and does Salto take them?

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Local, Utc};
use consumer::OtpStatus;
use rules::Integration;
use salto::{Activation, ActivationState, IqInfo};

use super::doors::Doors;
use super::finding::{About, Finding};

/// A finding for each IQ that is not as it should be; one for all that are.
pub(super) fn check(
    rules: &Integration,
    iqs: &[IqInfo],
    (activations, fares): (&HashMap<String, Activation>, &HashMap<String, OtpStatus>),
    doors: &Doors,
) -> Vec<Finding> {
    let used = used(rules, doors);
    let mut findings = Vec::new();
    let mut well = 0;
    for iq in iqs {
        let name = iq.customer_reference.as_deref().unwrap_or("without a name");
        let subject = format!("{} / IQ {name} ({})", rules.id, iq.id);
        let found = Examined {
            about: About("iq", &subject),
            command: format!("postern iq activate --integration {} --iq {}", rules.id, iq.id),
            used: used.get(iq.id.as_str()).map(Vec::as_slice),
        }
        .judge(iq, activations.get(&iq.id).map(|it| it.state), fares.get(&iq.id));
        well += usize::from(found.is_empty());
        findings.extend(found);
    }
    if well > 0 {
        findings.push(About("iq", &rules.id).ok(format!("activated and well: {well}")));
    }
    if iqs.is_empty() {
        let next = "have an IQ added to the site, in Salto";
        findings.push(About("iq", &rules.id).broken("the site has no IQ", next));
    }
    findings
}

/// By IQ, the objects whose doors are behind it.
fn used<'a>(rules: &'a Integration, doors: &'a Doors) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut used: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let objects = rules.locks.iter().map(|(object, lock)| (object.as_str(), *lock));
    for (object, lock) in objects.chain(rules.default_lock.map(|lock| ("(all others)", lock))) {
        if let Some(iq) = doors.iq_of(lock) {
            used.entry(iq).or_default().push(object);
        }
    }
    used
}

struct Examined<'a> {
    about: About<'a>,
    command: String,
    used: Option<&'a [&'a str]>,
}

impl Examined<'_> {
    fn judge(
        &self,
        iq: &IqInfo,
        state: Option<ActivationState>,
        fare: Option<&OtpStatus>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.extend(self.activation(iq, state, fare));
        let blocked = fare.and_then(|fare| fare.blocked_until).filter(|until| *until > Utc::now());
        if let Some(until) = blocked {
            findings.push(self.about.broken(
                format!(
                    "Salto has blocked the system user; nothing is sent until {}",
                    clock(until)
                ),
                "find out meanwhile why one-time passwords were wrong: PIN, app, clock",
            ));
        }
        if iq.otp_enabled == Some(false) && self.used.is_some() {
            findings.push(self.about.warning(
                "Salto says that one-time passwords are switched off at this IQ",
                "have them switched on, in Salto: commands carry one",
            ));
        }
        if iq.online == Some(false) {
            findings.push(self.about.warning(
                "offline, as Salto's list has it, which may be half an hour old",
                "look at its power and its network",
            ));
        }
        findings
    }

    fn activation(
        &self,
        iq: &IqInfo,
        state: Option<ActivationState>,
        fare: Option<&OtpStatus>,
    ) -> Option<Finding> {
        let Some(used) = self.used else {
            return match state {
                Some(ActivationState::Activated | ActivationState::Degraded) => None,
                None
                | Some(
                    ActivationState::NotActivated
                    | ActivationState::PendingPin
                    | ActivationState::ReactivationRequired,
                ) => {
                    Some(self.about.note("not activated, and no object leads to a lock behind it"))
                }
            };
        };
        let behind = format!("behind it: {}", few(used));
        let restore = || {
            self.about.broken(
                format!("Salto asks for a restore: secret and PIN stored here are dead; {behind}"),
                format!("have the user reset at the IQ, in Salto; then {}", self.command),
            )
        };
        let in_a_row = fare.map_or(0, |fare| fare.rejected_in_a_row);
        match state {
            None | Some(ActivationState::NotActivated) => {
                Some(self.about.broken(format!("not activated; {behind}"), self.command.clone()))
            }
            Some(ActivationState::PendingPin) => Some(self.about.broken(
                format!("the activation was begun and waits for the PIN; {behind}"),
                format!("{}: it goes on where it was", self.command),
            )),
            Some(ActivationState::ReactivationRequired) => Some(restore()),
            Some(_) if iq.restore_required == Some(true) => Some(restore()),
            Some(ActivationState::Degraded) => Some(self.about.broken(
                format!("degraded: Salto rejected {in_a_row} one-time passwords in a row; {behind}"),
                "do not keep trying. Was the user activated in Salto's app, or the PIN changed? Then activate again",
            )),
            Some(ActivationState::Activated) if in_a_row > 0 => Some(self.about.warning(
                format!("Salto rejected the last {in_a_row} one-time passwords; {behind}"),
                "compare clocks and PIN before Salto blocks the user",
            )),
            Some(ActivationState::Activated) => None,
        }
    }
}

/// The first few, and how many more.
pub(super) fn few(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

fn clock(time: DateTime<Utc>) -> String {
    time.with_timezone(&Local).format("%H:%M:%S").to_string()
}
