//! Workers stop with status 0 and in time; no worker ends by itself or panics (docs/contract.md, Health).

use super::{HistoryIndex, Violation};
use chrono::TimeDelta;

const CHECK: &str = "health";
/// The time to stop in addition to `command_timeout` (docs/contract.md, Health), and a margin for a busy machine.
const TO_STOP: TimeDelta = TimeDelta::seconds(5);
const MARGIN: TimeDelta = TimeDelta::seconds(2);
/// What the line of a panic contains: a field of the worker's own line, the line of a message whose handling
/// panicked, and the standard library's text where the worker's hook is not installed yet.
const PANICS: [&str; 3] = ["\"panicked_at\":", "handling a message panicked", "panicked at"];

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    let limit = TimeDelta::seconds(index.history.rules.command_timeout_seconds) + TO_STOP + MARGIN;
    for exit in &index.history.exits {
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
        found.push(Violation::of(CHECK, what).at(exit.asked_at));
    }
    for place in index.history.artifacts.iter().filter(|place| place.name.starts_with("worker")) {
        let log = String::from_utf8_lossy(&place.content);
        if let Some(line) = log.lines().find(|line| PANICS.iter().any(|it| line.contains(it))) {
            let line: String = line.chars().take(200).collect();
            found.push(Violation::of(CHECK, format!("a panic in {}: {line}", place.name)));
        }
    }
    found
}
