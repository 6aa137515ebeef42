//! The audit: one line per decision, and it says what the answer says.

use super::{Facts, Violation};
use crate::history::Event;
use serde_json::Value;
use std::collections::BTreeMap;

const JUDGE: &str = "audit";

pub(super) fn judge(facts: &Facts<'_>) -> Vec<Violation> {
    // A Redis without memory has lost lines with everything else.
    if facts.emptied().next().is_some() {
        return Vec::new();
    }
    let mut lines = BTreeMap::<&str, Vec<&Value>>::new();
    for line in &facts.history.audit {
        lines.entry(line["id"].as_str().unwrap_or_default()).or_default().push(line);
    }
    let mut found = Vec::new();
    for (key, events) in &facts.terminals {
        let event = events[0];
        let what = match lines.remove(event.id()).as_deref() {
            None => "a decision that the audit does not know",
            Some([line]) if !agree(line, event) => "the audit says something else",
            Some([_]) => continue,
            Some(_) => "a decision that stands twice in the audit",
        };
        found.push(Violation::of(JUDGE, what).about(key).maybe_at(event.time()));
    }
    let unheard = |(id, _): (&str, _)| {
        Violation::of(JUDGE, format!("the decision {id} is in the audit, and nobody was told"))
    };
    found.extend(lines.into_iter().map(unheard));
    found
}

/// What stands in both is the same.
fn agree(line: &Value, event: &Event) -> bool {
    let outcome = match event.kind() {
        "lock.opened.v1" => "opened",
        "lock.open-rejected.v1" => "rejected",
        _ => "failed",
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
