//! The audit has one line per decision, with the content of the answer.

use super::{HistoryIndex, Violation};
use crate::history::{Answer, Event, RequestKey};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const CHECK: &str = "audit";

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    // If Redis was emptied, audit lines were lost.
    if index.emptied().next().is_some() {
        return Vec::new();
    }
    let mut lines = BTreeMap::<&str, Vec<&Value>>::new();
    for line in &index.history.audit {
        lines.entry(line["id"].as_str().unwrap_or_default()).or_default().push(line);
    }
    let mut found = Vec::new();
    let mut answered = BTreeSet::new();
    for (key, events) in index.terminals.iter().chain(&index.conflict_answers) {
        answered.extend(events.iter().map(|event| event.id()));
        let Some((event, what)) = wrong(index, key, events, &lines) else { continue };
        found.push(Violation::of(CHECK, what).about(key).maybe_at(event.time()));
    }
    lines.retain(|id, _| !answered.contains(id));
    let unanswered = |(id, _): (&str, _)| {
        Violation::of(CHECK, format!("the decision {id} is in the audit, but there is no answer"))
    };
    found.extend(lines.into_iter().map(unanswered));
    found
}

/// The first answer to a request that the audit contradicts, however often and late it was published.
fn wrong<'a>(
    index: &HistoryIndex<'_>,
    key: &RequestKey,
    events: &[&'a Event],
    lines: &BTreeMap<&str, Vec<&Value>>,
) -> Option<(&'a Event, &'static str)> {
    for event in events {
        let own = lines.get(event.id()).map(Vec::as_slice).unwrap_or_default();
        if own.is_empty() {
            return Some((event, "a decision is missing in the audit"));
        }
        if !own.iter().any(|line| agree(line, event)) {
            return Some((event, "an audit line differs from the answer"));
        }
        if own.len() > 1 && !decided_again(index, key, own) {
            return Some((event, "a decision is twice in the audit"));
        }
    }
    None
}

/// Whether another message with the source and id of the request may have been decided after the request was forgotten.
fn decided_again(index: &HistoryIndex<'_>, key: &RequestKey, lines: &[&Value]) -> bool {
    let Some(record) = index.requests.get(key) else { return false };
    let last = lines.iter().filter_map(|line| time_of(line)).max();
    let others = record.copies > 1 || index.conflicts.contains_key(key);
    others && last.is_some_and(|last| index.forgotten_before(record.request, last))
}

fn time_of(line: &Value) -> Option<DateTime<Utc>> {
    line["at"].as_str()?.parse().ok()
}

/// Whether the members that a line and its event have in common are equal.
fn agree(line: &Value, event: &Event) -> bool {
    let outcome = match event.answer() {
        Some(Answer::Opened) => "opened",
        Some(Answer::Rejected(_)) => "rejected",
        Some(Answer::Failed(_)) => "failed",
        // The vocabulary check reports an unknown reason.
        None => return true,
    };
    let both = [
        "integration_id",
        "booking_id",
        "request_id",
        "request_source",
        "requested_by",
        "reason",
        "attempts",
        "iq_id",
    ];
    line["outcome"] == outcome
        && time_of(line) == event.time()
        && both.iter().all(|member| line[member] == event.body["data"][member])
}
