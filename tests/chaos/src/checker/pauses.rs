//! Invariant 3: `Retry-After` holds for the whole integration, over all replicas.

use super::{Facts, Violation};
use crate::history::{Command, Target};
use chrono::TimeDelta;
use std::collections::BTreeMap;

const JUDGE: &str = "3 pauses";
/// From Salto's answer until every replica obeys: what was about to leave has left.
const HEARD: TimeDelta = TimeDelta::milliseconds(2500);

pub(super) fn judge(facts: &Facts<'_>) -> Vec<Violation> {
    let mut by_user = BTreeMap::<&str, Vec<&Command>>::new();
    for command in &facts.history.commands {
        if let Some(user) = &command.username {
            by_user.entry(user).or_default().push(command);
        }
    }
    by_user.values().flat_map(|commands| impatient(facts, commands)).collect()
}

fn impatient(facts: &Facts<'_>, commands: &[&Command]) -> Vec<Violation> {
    let mut found = Vec::new();
    for refused in commands.iter().filter(|one| one.status == Some(429)) {
        let at = refused.received_at;
        let Some(seconds) = retry_after(facts, refused) else { continue };
        let until = at + TimeDelta::seconds(seconds.cast_signed());
        // Whoever was told must have been able to tell the others.
        let around = at - TimeDelta::seconds(10);
        if facts.history.troubled(around, until, |fault| fault.target != Target::Salto) {
            continue;
        }
        let early =
            commands.iter().find(|one| at + HEARD < one.received_at && one.received_at < until);
        found.extend(early.map(|early| {
            let told = refused.seq;
            let what = format!(
                "command {} within the pause that the answer to {told} asked for",
                early.seq
            );
            Violation::of(JUDGE, what).at(early.received_at)
        }));
    }
    found
}

fn retry_after(facts: &Facts<'_>, refused: &Command) -> Option<u64> {
    let at = refused.received_at;
    let faults = facts.history.faults.iter();
    let mut cause = faults.filter(|fault| fault.from <= at && at <= fault.until);
    cause.find_map(|fault| fault.retry_after)
}
