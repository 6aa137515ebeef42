//! Workers stop in order and in time, none dies by itself, and none panics.

use super::{Facts, Violation};
use chrono::TimeDelta;

const JUDGE: &str = "health";
/// Beside `command_timeout` (contract), and then some on a busy machine.
const TO_STOP: TimeDelta = TimeDelta::seconds(5);
const BUSY: TimeDelta = TimeDelta::seconds(2);

pub(super) fn judge(facts: &Facts<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    let limit = TimeDelta::seconds(facts.history.rules.command_timeout_seconds) + TO_STOP + BUSY;
    for exit in &facts.history.exits {
        let worker = exit.worker;
        let took = exit.ended_at - exit.asked_at;
        let what = if !exit.asked {
            format!("worker-{worker} ended by itself")
        } else if exit.status != Some(0) {
            format!("worker-{worker} was asked to stop and ended with {:?}", exit.status)
        } else if took > limit {
            format!("worker-{worker} took {} ms to stop", took.num_milliseconds())
        } else {
            continue;
        };
        found.push(Violation::of(JUDGE, what).at(exit.asked_at));
    }
    for place in facts.history.places.iter().filter(|place| place.name.starts_with("worker")) {
        let log = String::from_utf8_lossy(&place.content);
        if let Some(line) = log.lines().find(|line| line.contains("panicked at")) {
            let line: String = line.chars().take(200).collect();
            found.push(Violation::of(JUDGE, format!("a panic in {}: {line}", place.name)));
        }
    }
    found
}
