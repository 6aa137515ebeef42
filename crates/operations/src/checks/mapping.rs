//! The mapping: whether the lock of every object exists, and its IQ is activated.

use std::collections::BTreeMap;

use crate::text::first_few;
use consumer::LockAvailability;
use rules::{IntegrationRules, LockRef};

use super::finding::{Check, Finding};

pub(super) fn check(rules: &IntegrationRules, locks: &LockAvailability) -> Vec<Finding> {
    let check = Check::new("mapping", &rules.id);
    let by_lock = objects_by_lock(rules);
    if by_lock.is_empty() {
        return vec![check.broken(
            "no object is mapped to a lock",
            format!(
                "run `postern lock list --integration {}`, and put locks into [integrations.locks] or \
                 default_lock",
                rules.id
            ),
        )];
    }
    let next = format!(
        "run `postern lock list --integration {}`, and choose another, by its id",
        rules.id
    );
    let mut findings = Vec::new();
    let mut not_activated: Vec<&str> = Vec::new();
    for (lock, objects) in &by_lock {
        let id = match locks.resolve(lock) {
            Ok(id) => id,
            Err(unresolved) => {
                let detail = format!("{unresolved}, to which {} is mapped", first_few(objects));
                findings.push(check.broken(detail, next.clone()));
                continue;
            }
        };
        if !locks.has_lock(id) {
            let detail =
                format!("the site has no lock {lock}, to which {} is mapped", first_few(objects));
            findings.push(check.broken(detail, next.clone()));
        } else if let Some(iq) = locks.iq_of(id) {
            if !locks.is_iq_activated(iq) {
                not_activated.extend(objects);
            }
        } else {
            let detail =
                format!("lock {lock}, to which {} is mapped, has no IQ", first_few(objects));
            findings.push(check.broken(detail, "connect the lock to an IQ in Salto"));
        }
    }
    if !not_activated.is_empty() {
        let detail = format!(
            "objects whose locks have an IQ that is not activated: {}",
            first_few(&not_activated)
        );
        findings.push(check.broken(detail, "activate the IQs named above"));
    }
    if findings.is_empty() {
        let others = if rules.default_lock.is_some() { ", and all others to another" } else { "" };
        let (objects, locks) = (rules.locks.len(), by_lock.len());
        let detail =
            format!("{objects} objects are mapped to locks{others}; number of locks: {locks}");
        findings.push(check.ok(detail));
    }
    findings
}

/// The objects of each lock, as the configuration names it.
fn objects_by_lock(rules: &IntegrationRules) -> BTreeMap<&LockRef, Vec<&str>> {
    let mut by_lock: BTreeMap<&LockRef, Vec<&str>> = BTreeMap::new();
    let objects = rules.locks.iter().map(|(object, lock)| (lock, object.as_str()));
    let others = rules.default_lock.iter().map(|lock| (lock, "(all others)"));
    for (lock, object) in objects.chain(others) {
        by_lock.entry(lock).or_default().push(object);
    }
    by_lock
}
