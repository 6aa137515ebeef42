//! The IQs of a site: their activation, and whether Salto accepts commands to them.

use std::collections::BTreeMap;

use crate::{
    iqs::{IqOverview, NextStep, next_step},
    text::first_few,
};
use consumer::LockAvailability;
use rules::IntegrationRules;
use salto::ActivationState;

use super::finding::{Check, Finding};

/// A finding for each IQ that needs an action, and one for all others.
pub(super) fn check(
    rules: &IntegrationRules,
    iqs: &[IqOverview],
    locks: &LockAvailability,
) -> Vec<Finding> {
    let objects_by_iq = objects_by_iq(rules, locks);
    let mut findings = Vec::new();
    let mut in_order = 0;
    for iq in iqs {
        let objects = objects_by_iq.get(iq.id.as_str()).map(Vec::as_slice);
        let found = finding(rules, iq, objects);
        in_order += usize::from(found.is_none());
        findings.extend(found);
    }
    if in_order > 0 {
        findings
            .push(Check::new("iq", &rules.id).ok(format!("activated and in order: {in_order}")));
    }
    if iqs.iter().all(|iq| iq.listed.is_none()) {
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
    let objects = rules.locks.iter().map(|(object, lock)| (object.as_str(), lock));
    let others = rules.default_lock.iter().map(|lock| ("(all others)", lock));
    for (object, lock) in objects.chain(others) {
        if let Some(iq) = locks.resolve(lock).ok().and_then(|lock| locks.iq_of(lock)) {
            by_iq.entry(iq).or_default().push(object);
        }
    }
    by_iq
}

/// The finding about one IQ and the objects whose locks belong to it, where something is to be done.
fn finding(rules: &IntegrationRules, iq: &IqOverview, objects: Option<&[&str]>) -> Option<Finding> {
    let name = iq.listed.as_ref().and_then(|listed| listed.customer_reference.as_deref());
    let subject = format!("{} / IQ {} ({})", rules.id, name.unwrap_or("without a name"), iq.id);
    let check = Check::new("iq", &subject);
    let NextStep { problem, next, doors_shut } = next_step(&rules.id, iq)?;
    match objects {
        Some(objects) => {
            let detail = format!("{problem}; its objects: {}", first_few(objects));
            let found = if doors_shut { Check::broken } else { Check::warning };
            Some(found(check, detail, next))
        }
        None if iq.listed.is_none() => Some(check.warning(problem, next)),
        None if is_not_activated(iq.state) => {
            Some(check.note("not activated, and no object is mapped to a lock of it"))
        }
        None => {
            Some(check.warning(format!("{problem}; no object is mapped to a lock of it"), next))
        }
    }
}

const fn is_not_activated(state: ActivationState) -> bool {
    match state {
        ActivationState::Activated | ActivationState::Degraded => false,
        ActivationState::NotActivated
        | ActivationState::PendingPin
        | ActivationState::ReactivationRequired => true,
    }
}
