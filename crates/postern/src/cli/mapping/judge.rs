//! Looks at a mapping with what Salto has: no call, no record.

use std::collections::BTreeMap;

use rules::Integration;
use salto::{ActivationState, LockInfo};
use uuid::Uuid;

use super::finding::{Finding, Kind};
use crate::cli::iq::{View, next_step};

/// Who leads somewhere.
#[derive(Debug, Clone, Default)]
struct From {
    objects: Vec<String>,
    /// All others.
    default: bool,
}

impl From {
    fn words(&self) -> String {
        let mut words = self.objects.clone();
        words.extend(self.default.then(|| "the default lock".to_owned()));
        words.join(", ")
    }

    fn add(&mut self, other: &Self) {
        self.objects.extend(other.objects.iter().cloned());
        self.default |= other.default;
    }

    fn finding(&self, rules: &Integration, kind: Kind, text: String, next: &str) -> Finding {
        Finding {
            objects: self.objects.clone(),
            default: self.default,
            ..Finding::new(&rules.id, kind, text, next.to_owned())
        }
    }
}

/// All there is to say about the mapping, what is broken first.
pub(super) fn judge(rules: &Integration, locks: &[LockInfo], iqs: &[View]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut by_iq: BTreeMap<&str, From> = BTreeMap::new();
    for (id, from) in by_lock(rules) {
        let lock = locks.iter().find(|lock| lock.id == id);
        match lock.map(|lock| &lock.iq) {
            Some(Some(iq)) => by_iq.entry(&iq.id).or_default().add(&from),
            Some(None) => findings.push(without_iq(rules, id, &from)),
            None => findings.push(not_found(rules, id, &from)),
        }
        if from.objects.len() > 1 {
            findings.push(shared(rules, id, &from));
        }
    }
    for (id, from) in by_iq {
        let iq = iqs.iter().find(|iq| iq.id.eq_ignore_ascii_case(id));
        findings.extend(of_iq(rules, id, iq, &from));
    }
    findings.extend(of_all(rules));
    findings.sort_by_key(|finding| !finding.is_broken());
    findings
}

fn by_lock(rules: &Integration) -> BTreeMap<Uuid, From> {
    let mut by_lock: BTreeMap<Uuid, From> = BTreeMap::new();
    for (object, lock) in &rules.locks {
        by_lock.entry(*lock).or_default().objects.push(object.clone());
    }
    if let Some(lock) = rules.default_lock {
        by_lock.entry(lock).or_default().default = true;
    }
    by_lock
}

fn not_found(rules: &Integration, lock: Uuid, from: &From) -> Finding {
    let text = format!("{}: lock {lock} is not among the site's locks", from.words());
    let next = format!("{} shows the site's locks; correct the mapping", list("lock", rules));
    Finding { lock_id: Some(lock), ..from.finding(rules, Kind::LockNotFound, text, &next) }
}

fn without_iq(rules: &Integration, lock: Uuid, from: &From) -> Finding {
    let text = format!("{}: lock {lock} has no IQ, so nothing reaches it", from.words());
    let next = "assign the lock to an IQ in Salto KS";
    Finding { lock_id: Some(lock), ..from.finding(rules, Kind::LockWithoutIq, text, next) }
}

fn shared(rules: &Integration, lock: Uuid, from: &From) -> Finding {
    let text = format!("{} open the same lock {lock}", from.objects.join(", "));
    let next = "nothing to do where this is meant";
    Finding { lock_id: Some(lock), ..from.finding(rules, Kind::SharedLock, text, next) }
}

fn of_iq(rules: &Integration, id: &str, iq: Option<&View>, from: &From) -> Option<Finding> {
    let next = match iq {
        Some(iq) => next_step(&rules.id, iq)?,
        None => format!("Salto's list does not have it: {}", list("iq", rules)),
    };
    let (kind, how) = match iq {
        None => (Kind::IqNotActivated, "is not activated here"),
        Some(iq) => match iq.state {
            ActivationState::NotActivated | ActivationState::PendingPin => {
                (Kind::IqNotActivated, "is not activated here")
            }
            ActivationState::Degraded | ActivationState::ReactivationRequired => {
                (Kind::IqInTrouble, "is in trouble")
            }
            ActivationState::Activated if is_in_trouble(iq) => (Kind::IqInTrouble, "is in trouble"),
            ActivationState::Activated => (Kind::IqToBeLookedAt, "is to be looked at"),
        },
    };
    let text = format!("{}: their IQ {id} {how}", from.words());
    Some(Finding { iq_id: Some(id.to_owned()), ..from.finding(rules, kind, text, &next) })
}

/// The command that lists the site's locks or IQs.
fn list(what: &str, rules: &Integration) -> String {
    format!("`postern {what} list --integration {}`", rules.id)
}

/// Whether an activated IQ cannot be used all the same.
fn is_in_trouble(iq: &View) -> bool {
    let restore = iq.listed.as_ref().map(|listed| listed.restore_required == Some(true));
    restore.unwrap_or(true) || iq.standing.blocked_until.is_some()
}

fn of_all(rules: &Integration) -> Vec<Finding> {
    let about = |kind, text: &str, next: &str| {
        Finding::new(&rules.id, kind, text.to_owned(), next.to_owned())
    };
    let mut findings = Vec::new();
    match (rules.default_lock, rules.locks.is_empty()) {
        (None, true) => findings.push(about(
            Kind::NothingMapped,
            "no object is mapped and there is no default lock, so that no door opens",
            &format!(
                "{} shows the locks; map objects in [integrations.locks]",
                list("lock", rules)
            ),
        )),
        (None, false) => findings.push(about(
            Kind::NoDefaultLock,
            "there is no default lock: objects that are not mapped open nothing",
            "nothing to do where this is meant; else set default_lock",
        )),
        (Some(_), _) => {}
    }
    if !rules.active {
        findings.push(about(
            Kind::Inactive,
            "the integration is switched off, so that no door opens",
            "nothing to do where this is meant; else set active to true",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use consumer::OtpStatus;
    use serde_json::json;

    use super::*;

    const GOOD: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);
    const BARE: Uuid = Uuid::from_u128(3);
    const GONE: Uuid = Uuid::from_u128(4);

    fn rules(locks: &[(&str, Uuid)], default_lock: Option<Uuid>) -> Integration {
        Integration {
            id: "acme".into(),
            active: true,
            open_from_statuses: vec!["paid".into()],
            minutes_before: 0,
            check_in_status: None,
            record_opened_at_in: None,
            default_lock,
            locks: locks.iter().map(|(object, lock)| ((*object).to_owned(), *lock)).collect(),
        }
    }

    fn locks() -> Vec<LockInfo> {
        [(GOOD, Some("q1")), (OTHER, Some("q2")), (BARE, None)]
            .map(|(id, iq)| {
                let iq = iq.map(|id| json!({"id": id}));
                serde_json::from_value(json!({"id": id, "iq": iq})).unwrap()
            })
            .into()
    }

    fn iq(id: &str, state: ActivationState) -> View {
        View {
            id: id.into(),
            listed: Some(serde_json::from_value(json!({"id": id})).unwrap()),
            activated_at_salto: None,
            activated_at_salto_since: None,
            state,
            since: None,
            sets_pin: false,
            standing: OtpStatus::default(),
        }
    }

    fn found(rules: &Integration, iqs: &[View]) -> Vec<(Kind, String)> {
        let findings = judge(rules, &locks(), iqs);
        findings.into_iter().map(|it| (it.finding, it.objects.join(" "))).collect()
    }

    #[test]
    fn a_mapping_that_works_is_nothing_to_speak_of() {
        let rules = rules(&[("room-1", GOOD)], Some(GOOD));
        assert_eq!(found(&rules, &[iq("q1", ActivationState::Activated)]), []);
    }

    #[test]
    fn what_is_broken_comes_first_and_names_its_objects() {
        let rules = rules(&[("a", GONE), ("b", BARE), ("c", OTHER), ("d", OTHER)], None);
        let iqs = [iq("q1", ActivationState::Degraded), iq("q2", ActivationState::NotActivated)];
        let expected = [
            (Kind::LockWithoutIq, "b"),
            (Kind::LockNotFound, "a"),
            (Kind::IqNotActivated, "c d"),
            (Kind::SharedLock, "c d"),
            (Kind::NoDefaultLock, ""),
        ];
        assert_eq!(found(&rules, &iqs), expected.map(|(kind, objects)| (kind, objects.to_owned())));
    }

    #[test]
    fn an_iq_in_trouble_is_found_whatever_the_trouble() {
        let rules = rules(&[], Some(GOOD));
        let activated = || iq("q1", ActivationState::Activated);
        let blocked = OtpStatus { rejected_in_a_row: 1, blocked_until: Some(chrono::Utc::now()) };
        let rejected = OtpStatus { rejected_in_a_row: 1, blocked_until: None };
        let restore = json!({"id": "q1", "restore_required": true});
        let restore = Some(serde_json::from_value(restore).unwrap());
        for (view, kind) in [
            (iq("q1", ActivationState::Degraded), Kind::IqInTrouble),
            (iq("q1", ActivationState::PendingPin), Kind::IqNotActivated),
            (View { standing: blocked, ..activated() }, Kind::IqInTrouble),
            (View { listed: restore, ..activated() }, Kind::IqInTrouble),
            (View { listed: None, ..activated() }, Kind::IqInTrouble),
            (View { standing: rejected, ..activated() }, Kind::IqToBeLookedAt),
        ] {
            assert_eq!(found(&rules, &[view]), [(kind, String::new())]);
        }
        assert_eq!(found(&rules, &[]), [(Kind::IqNotActivated, String::new())]);
    }

    #[test]
    fn without_any_lock_nothing_opens() {
        assert_eq!(found(&rules(&[], None), &[]), [(Kind::NothingMapped, String::new())]);
        let off = Integration { active: false, ..rules(&[], None) };
        assert_eq!(found(&off, &[])[1].0, Kind::Inactive);
    }
}
