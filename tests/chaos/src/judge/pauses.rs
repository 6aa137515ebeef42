//! Invariant 3: `Retry-After` holds for the whole integration, over all replicas.

use super::{HistoryIndex, Violation};
use crate::history::{Command, Target};
use chrono::TimeDelta;
use std::collections::BTreeMap;

const CHECK: &str = "3 pauses";
/// The time from Salto's answer until all replicas know the pause and have sent what was about to leave.
const PROPAGATION: TimeDelta = TimeDelta::milliseconds(2500);

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut by_user = BTreeMap::<&str, Vec<&Command>>::new();
    for command in &index.history.commands {
        if let Some(user) = &command.username {
            by_user.entry(user).or_default().push(command);
        }
    }
    by_user.values().flat_map(|commands| commands_within_pause(index, commands)).collect()
}

fn commands_within_pause(index: &HistoryIndex<'_>, commands: &[&Command]) -> Vec<Violation> {
    let mut found = Vec::new();
    for limited in commands.iter().filter(|one| one.status == Some(429)) {
        let at = limited.received_at;
        let Some(seconds) = retry_after(index, limited) else { continue };
        let until = at + TimeDelta::seconds(seconds.cast_signed());
        // The worker that received the answer must have been able to share the pause.
        let around = at - TimeDelta::seconds(10);
        if index.history.had_fault(around, until, |fault| fault.target != Target::Salto) {
            continue;
        }
        let early = commands
            .iter()
            .find(|one| at + PROPAGATION < one.received_at && one.received_at < until);
        found.extend(early.map(|early| {
            let cause = limited.seq;
            let what = format!(
                "command {} within the pause that the answer to {cause} asked for",
                early.seq
            );
            Violation::of(CHECK, what).at(early.received_at)
        }));
    }
    found
}

fn retry_after(index: &HistoryIndex<'_>, limited: &Command) -> Option<u64> {
    let at = limited.received_at;
    let faults = index.history.faults.iter();
    let mut cause = faults.filter(|fault| fault.from <= at && at <= fault.until);
    cause.find_map(|fault| fault.retry_after)
}
