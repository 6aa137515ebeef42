//! The IQs of a site: their activation, and whether Salto accepts commands to them.

use std::collections::{BTreeMap, HashMap};

use chrono::{Local, Utc};
use consumer::{LockAvailability, OtpStatus};
use rules::IntegrationRules;
use salto::{Activation, ActivationState, IqInfo};

use super::finding::{Check, Finding};
use crate::cli::terminal::text::first_few;

/// The stored records about the IQs of a site, by IQ.
pub(super) struct IqRecords {
    pub(super) activations: HashMap<String, Activation>,
    pub(super) otp_statuses: HashMap<String, OtpStatus>,
}

/// A finding for each IQ that needs an action, and one for all others.
pub(super) fn check(
    rules: &IntegrationRules,
    iqs: &[IqInfo],
    records: &IqRecords,
    locks: &LockAvailability,
) -> Vec<Finding> {
    let objects_by_iq = objects_by_iq(rules, locks);
    let mut findings = Vec::new();
    let mut in_order = 0;
    for iq in iqs {
        let name = iq.customer_reference.as_deref().unwrap_or("without a name");
        let subject = format!("{} / IQ {name} ({})", rules.id, iq.id);
        let found = IqCheck {
            check: Check::new("iq", &subject),
            command: format!("postern iq activate --integration {} --iq {}", rules.id, iq.id),
            objects: objects_by_iq.get(iq.id.as_str()).map(Vec::as_slice),
            iq,
            state: records.activations.get(&iq.id).map(|it| it.state),
            otp_status: records.otp_statuses.get(&iq.id).copied().unwrap_or_default(),
        }
        .findings();
        in_order += usize::from(found.is_empty());
        findings.extend(found);
    }
    if in_order > 0 {
        findings
            .push(Check::new("iq", &rules.id).ok(format!("activated and in order: {in_order}")));
    }
    if iqs.is_empty() {
        let next = "add an IQ to the site in Salto";
        findings.push(Check::new("iq", &rules.id).broken("the site has no IQ", next));
    }
    findings
}

/// The objects whose locks belong to each IQ.
fn objects_by_iq<'a>(
    rules: &'a IntegrationRules,
    locks: &'a LockAvailability,
) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut by_iq: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let objects = rules.locks.iter().map(|(object, lock)| (object.as_str(), *lock));
    for (object, lock) in objects.chain(rules.default_lock.map(|lock| ("(all others)", lock))) {
        if let Some(iq) = locks.iq_of(lock) {
            by_iq.entry(iq).or_default().push(object);
        }
    }
    by_iq
}

/// The check of one IQ.
struct IqCheck<'a> {
    check: Check<'a>,
    /// The command that activates it.
    command: String,
    /// The objects whose locks belong to it.
    objects: Option<&'a [&'a str]>,
    iq: &'a IqInfo,
    state: Option<ActivationState>,
    otp_status: OtpStatus,
}

impl IqCheck<'_> {
    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        findings.extend(match self.objects {
            Some(objects) => self.activation(objects),
            None => self.activation_of_unused_iq(),
        });
        if let Some(until) = self.otp_status.blocked_until.filter(|until| *until > Utc::now()) {
            let until = until.with_timezone(&Local).format("%H:%M:%S");
            findings.push(self.check.broken(
                format!("Salto has blocked the system user; no command is sent until {until}"),
                "find out meanwhile why one-time passwords were wrong: PIN, app, clock",
            ));
        }
        if self.iq.otp_enabled == Some(false) && self.objects.is_some() {
            findings.push(self.check.warning(
                "according to Salto, one-time passwords are switched off at this IQ",
                "switch them on in Salto: commands contain one",
            ));
        }
        if self.iq.online == Some(false) {
            findings.push(self.check.warning(
                "offline according to Salto's list, which may be half an hour old",
                "check its power and its network",
            ));
        }
        findings
    }

    fn activation_of_unused_iq(&self) -> Option<Finding> {
        match self.state {
            Some(ActivationState::Activated | ActivationState::Degraded) => None,
            None
            | Some(
                ActivationState::NotActivated
                | ActivationState::PendingPin
                | ActivationState::ReactivationRequired,
            ) => Some(self.check.note("not activated, and no object is mapped to a lock of it")),
        }
    }

    fn activation(&self, objects: &[&str]) -> Option<Finding> {
        let objects = format!("its objects: {}", first_few(objects));
        let rejections = self.otp_status.rejected_in_a_row;
        match self.state {
            None | Some(ActivationState::NotActivated) => Some(
                self.check.broken(format!("not activated; {objects}"), self.command.clone()),
            ),
            Some(ActivationState::PendingPin) => Some(self.check.broken(
                format!("the activation was started and waits for the PIN; {objects}"),
                format!("{}: it continues where it was", self.command),
            )),
            Some(ActivationState::ReactivationRequired) => Some(self.restore(&objects)),
            Some(_) if self.iq.restore_required == Some(true) => Some(self.restore(&objects)),
            Some(ActivationState::Degraded) => Some(self.check.broken(
                format!("degraded: Salto rejected {rejections} one-time passwords in a row; {objects}"),
                "do not keep trying. Was the user activated in Salto's app, or the PIN changed? Then activate again",
            )),
            Some(ActivationState::Activated) if rejections > 0 => Some(self.check.warning(
                format!("Salto rejected the last {rejections} one-time passwords; {objects}"),
                "compare clocks and PIN before Salto blocks the user",
            )),
            Some(ActivationState::Activated) => None,
        }
    }

    fn restore(&self, objects: &str) -> Finding {
        self.check.broken(
            format!(
                "Salto requires a restore: the stored secret and PIN are no longer valid; {objects}"
            ),
            format!("have Salto reset the user at the IQ; then {}", self.command),
        )
    }
}
