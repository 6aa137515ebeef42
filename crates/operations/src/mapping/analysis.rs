//! Compares a mapping with the site's locks and IQs, without calls.

use std::collections::BTreeMap;

use crate::{
    iqs::{IqOverview, NextStep, next_step},
    text::named,
};
use consumer::LockNames;
use rules::{IntegrationRules, LockRef};
use salto::{ActivationState, LockInfo};
use uuid::Uuid;

use super::finding::{MappingFinding, MappingFindingKind};

/// The objects that open a lock, or the locks of an IQ.
#[derive(Debug, Clone, Default)]
struct MappedObjects {
    objects: Vec<String>,
    /// Whether it is the default lock, for all other objects.
    default: bool,
}

impl MappedObjects {
    fn text(&self) -> String {
        let mut names = self.objects.clone();
        names.extend(self.default.then(|| "the default lock".to_owned()));
        names.join(", ")
    }

    fn add(&mut self, other: &Self) {
        self.objects.extend(other.objects.iter().cloned());
        self.default |= other.default;
    }

    fn finding(
        &self,
        rules: &IntegrationRules,
        kind: MappingFindingKind,
        text: String,
        next: &str,
    ) -> MappingFinding {
        MappingFinding {
            objects: self.objects.clone(),
            default: self.default,
            ..MappingFinding::new(&rules.id, kind, text, next.to_owned())
        }
    }
}

/// All findings about the mapping, the broken ones first.
pub fn analyse(
    rules: &IntegrationRules,
    locks: &[LockInfo],
    iqs: &[IqOverview],
) -> Vec<MappingFinding> {
    let mut findings = Vec::new();
    let mut by_iq: BTreeMap<&str, MappedObjects> = BTreeMap::new();
    let names = LockNames::of(locks);
    let (by_lock, unresolved) = objects_by_lock(rules, &names);
    for (name, mapped) in unresolved {
        findings.push(name_not_found(rules, &name, &mapped));
    }
    for (id, mapped) in by_lock {
        let lock = locks.iter().find(|lock| lock.id == id);
        let name = lock.and_then(|lock| lock.customer_reference.as_deref());
        match lock.map(|lock| &lock.iq) {
            Some(Some(iq)) => by_iq.entry(&iq.id).or_default().add(&mapped),
            Some(None) => findings.push(lock_without_iq(rules, id, name, &mapped)),
            None => findings.push(lock_not_found(rules, id, &mapped)),
        }
        if mapped.objects.len() > 1 {
            findings.push(shared_lock(rules, id, name, &mapped));
        }
    }
    for (id, mapped) in by_iq {
        let iq = iqs.iter().find(|iq| iq.id.eq_ignore_ascii_case(id));
        findings.extend(iq_finding(rules, id, iq, &mapped));
    }
    findings.extend(general_findings(rules));
    findings.sort_by_key(|finding| !finding.is_broken());
    findings
}

/// The objects of each lock; and of each name that is no lock.
type ObjectsByLock = (BTreeMap<Uuid, MappedObjects>, BTreeMap<String, MappedObjects>);

fn objects_by_lock(rules: &IntegrationRules, names: &LockNames) -> ObjectsByLock {
    let (mut by_lock, mut unresolved) = ObjectsByLock::default();
    let mut mapped_to = |lock: &LockRef, mapped: &MappedObjects| match names.resolve(lock) {
        Ok(id) => by_lock.entry(id).or_default().add(mapped),
        Err(error) => unresolved.entry(error.to_string()).or_default().add(mapped),
    };
    for (object, lock) in &rules.locks {
        mapped_to(lock, &MappedObjects { objects: vec![object.clone()], default: false });
    }
    if let Some(lock) = &rules.default_lock {
        mapped_to(lock, &MappedObjects { objects: Vec::new(), default: true });
    }
    (by_lock, unresolved)
}

/// `problem`: the name is of no lock, or of several.
fn name_not_found(
    rules: &IntegrationRules,
    problem: &str,
    mapped: &MappedObjects,
) -> MappingFinding {
    let text = format!("{}: {problem}", mapped.text());
    let next = format!("{} shows the locks; map to an id", list_command("lock", rules));
    mapped.finding(rules, MappingFindingKind::LockNotFound, text, &next)
}

fn lock_not_found(rules: &IntegrationRules, lock: Uuid, mapped: &MappedObjects) -> MappingFinding {
    let text = format!("{}: lock {lock} is not among the site's locks", mapped.text());
    let next =
        format!("{} shows the site's locks; correct the mapping", list_command("lock", rules));
    MappingFinding {
        lock_id: Some(lock),
        ..mapped.finding(rules, MappingFindingKind::LockNotFound, text, &next)
    }
}

fn lock_without_iq(
    rules: &IntegrationRules,
    lock: Uuid,
    name: Option<&str>,
    mapped: &MappedObjects,
) -> MappingFinding {
    let (objects, named) = (mapped.text(), named(name, lock));
    let text = format!("{objects}: lock {named} has no IQ, so it cannot be opened remotely");
    let next = "assign the lock to an IQ in Salto KS";
    MappingFinding {
        lock_id: Some(lock),
        ..mapped.finding(rules, MappingFindingKind::LockWithoutIq, text, next)
    }
}

fn shared_lock(
    rules: &IntegrationRules,
    lock: Uuid,
    name: Option<&str>,
    mapped: &MappedObjects,
) -> MappingFinding {
    let text = format!("{} open the same lock {}", mapped.objects.join(", "), named(name, lock));
    let next = "nothing to do if this is intended";
    MappingFinding {
        lock_id: Some(lock),
        ..mapped.finding(rules, MappingFindingKind::SharedLock, text, next)
    }
}

fn iq_finding(
    rules: &IntegrationRules,
    id: &str,
    iq: Option<&IqOverview>,
    mapped: &MappedObjects,
) -> Option<MappingFinding> {
    let NextStep { problem, next, doors_shut } = match iq {
        Some(iq) => next_step(&rules.id, iq)?,
        None => NextStep {
            problem: "not in Salto's list".to_owned(),
            next: format!("run {}", list_command("iq", rules)),
            doors_shut: true,
        },
    };
    let state = iq.map_or(ActivationState::NotActivated, |iq| iq.state);
    let kind = match state {
        ActivationState::NotActivated | ActivationState::PendingPin if doors_shut => {
            MappingFindingKind::IqNotActivated
        }
        ActivationState::NotActivated
        | ActivationState::PendingPin
        | ActivationState::Degraded
        | ActivationState::ReactivationRequired
        | ActivationState::Activated => {
            if doors_shut {
                MappingFindingKind::IqInTrouble
            } else {
                MappingFindingKind::IqToBeLookedAt
            }
        }
    };
    let name = iq.and_then(|iq| iq.listed.as_ref()?.customer_reference.as_deref());
    let text = format!("{}: their IQ {}: {problem}", mapped.text(), named(name, id));
    Some(MappingFinding { iq_id: Some(id.to_owned()), ..mapped.finding(rules, kind, text, &next) })
}

/// The command that lists the site's locks or IQs.
fn list_command(what: &str, rules: &IntegrationRules) -> String {
    format!("`postern {what} list --integration {}`", rules.id)
}

fn general_findings(rules: &IntegrationRules) -> Vec<MappingFinding> {
    let finding = |kind, text: &str, next: &str| {
        MappingFinding::new(&rules.id, kind, text.to_owned(), next.to_owned())
    };
    let mut findings = Vec::new();
    match (&rules.default_lock, rules.locks.is_empty()) {
        (None, true) => findings.push(finding(
            MappingFindingKind::NothingMapped,
            "no object is mapped and there is no default lock, so no door opens",
            &format!(
                "{} shows the locks; map objects in [integrations.locks]",
                list_command("lock", rules)
            ),
        )),
        (None, false) => findings.push(finding(
            MappingFindingKind::NoDefaultLock,
            "there is no default lock: objects that are not mapped open nothing",
            "nothing to do if this is intended; else set default_lock",
        )),
        (Some(_), _) => {}
    }
    if !rules.active {
        findings.push(finding(
            MappingFindingKind::Inactive,
            "the integration is switched off, so no door opens",
            "nothing to do if this is intended; else set active to true",
        ));
    }
    findings
}

#[cfg(test)]
mod tests;
