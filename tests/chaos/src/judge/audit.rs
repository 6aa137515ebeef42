//! The audit has one line per decision, with the content of the answer.

use super::{HistoryIndex, Violation};
use crate::history::{Answer, Event};
use serde_json::Value;
use std::collections::BTreeMap;

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
    for (key, events) in &index.terminals {
        let event = events[0];
        let what = match lines.remove(event.id()).as_deref() {
            None => "a decision is missing in the audit",
            Some([line]) if !agree(line, event) => "an audit line differs from the answer",
            Some([_]) => continue,
            Some(_) => "a decision is twice in the audit",
        };
        found.push(Violation::of(CHECK, what).about(key).maybe_at(event.time()));
    }
    let unanswered = |(id, _): (&str, _)| {
        Violation::of(CHECK, format!("the decision {id} is in the audit, but there is no answer"))
    };
    found.extend(lines.into_iter().map(unanswered));
    found
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
    let at = line["at"].as_str().and_then(|at| at.parse().ok());
    line["outcome"] == outcome
        && at == event.time()
        && both.iter().all(|member| line[member] == event.body["data"][member])
}
