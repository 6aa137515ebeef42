//! The mapping: does every object lead to a lock that is there, behind an IQ that is activated?

use std::collections::BTreeMap;

use rules::Integration;
use uuid::Uuid;

use super::doors::Doors;
use super::finding::{About, Finding};
use super::iqs::few;

pub(super) fn check(rules: &Integration, doors: &Doors) -> Vec<Finding> {
    let about = About("mapping", &rules.id);
    let mut by_lock: BTreeMap<Uuid, Vec<&str>> = BTreeMap::new();
    let objects = rules.locks.iter().map(|(object, lock)| (*lock, object.as_str()));
    for (lock, object) in objects.chain(rules.default_lock.map(|lock| (lock, "(all others)"))) {
        by_lock.entry(lock).or_default().push(object);
    }
    if by_lock.is_empty() {
        return vec![about.broken(
            "no object leads to a lock",
            format!(
                "choose locks with `postern lock list --integration {}`; name them in \
                 [integrations.locks] or as default_lock",
                rules.id
            ),
        )];
    }
    let list = format!("choose another with `postern lock list --integration {}`", rules.id);
    let mut findings = Vec::new();
    let mut shut: Vec<&str> = Vec::new();
    for (lock, objects) in &by_lock {
        if !doors.has(*lock) {
            let detail = format!("the site has no lock {lock}, to which {} leads", few(objects));
            findings.push(about.broken(detail, list.clone()));
        } else if let Some(iq) = doors.iq_of(*lock) {
            if !doors.is_activated(iq) {
                shut.extend(objects);
            }
        } else {
            let detail = format!("lock {lock}, to which {} leads, has no IQ", few(objects));
            findings.push(about.broken(detail, "have the lock connected to an IQ, in Salto"));
        }
    }
    if !shut.is_empty() {
        let detail = format!("their locks are on IQs that are not activated: {}", few(&shut));
        findings.push(about.broken(detail, "activate the IQs named above"));
    }
    if findings.is_empty() {
        let others = if rules.default_lock.is_some() { ", and all others to another" } else { "" };
        let (objects, locks) = (rules.locks.len(), by_lock.len());
        let detail = format!("{objects} objects lead to locks{others}; locks in all: {locks}");
        findings.push(about.ok(detail));
    }
    findings
}
