//! The runbook has an entry for every reason and every state, and no entry for any other.
//!
//! An entry is a row `` | `code` | … | `` of the table below the heading of its event, or of the table of
//! the other dead letters, and has no empty cell.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use events::{DeadLetterReason, IqState, OutboundType};
use rules::{FailedReason, RejectedReason};

fn runbook() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/runbook.md");
    fs::read_to_string(path).unwrap()
}

/// The rows of all tables of the section whose text has `mark`, cell by cell.
fn entries(runbook: &str, mark: &str) -> Vec<Vec<String>> {
    let section = runbook.split("\n## ").find(|section| section.contains(mark));
    let section = section.unwrap_or_else(|| panic!("the runbook has no section with {mark:?}"));
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

fn event_section(event_type: OutboundType) -> String {
    format!("`{}`: ", event_type.code())
}

/// Checks that the entries of a section are those of `codes`.
fn check(entries: &[Vec<String>], codes: impl Iterator<Item = &'static str>) {
    let found: BTreeSet<_> = entries.iter().map(|cells| cells[0].clone()).collect();
    assert_eq!(found.len(), entries.len(), "two entries for one code");
    let wanted: BTreeSet<_> = codes.map(|code| format!("`{code}`")).collect();
    let missing: Vec<_> = wanted.difference(&found).collect();
    assert!(missing.is_empty(), "docs/runbook.md has no entry for {missing:?}");
    let unknown: Vec<_> = found.difference(&wanted).collect();
    assert!(unknown.is_empty(), "docs/runbook.md has entries for unknown codes: {unknown:?}");
    for cells in entries {
        let complete = cells.len() >= 3 && cells.iter().all(|cell| !cell.is_empty());
        assert!(complete, "docs/runbook.md has an incomplete entry: {cells:?}");
    }
}

#[test]
fn every_rejected_reason_has_an_entry() {
    let entries = entries(&runbook(), &event_section(OutboundType::OpenRejected));
    check(&entries, RejectedReason::ALL.iter().map(|reason| reason.code()));
}

#[test]
fn every_failed_reason_has_an_entry_with_its_class() {
    let entries = entries(&runbook(), &event_section(OutboundType::OpenFailed));
    check(&entries, FailedReason::ALL.iter().map(|reason| reason.code()));
    for cells in entries {
        let reason = FailedReason::from_code(cells[0].trim_matches('`')).unwrap();
        assert_eq!(cells[1], reason.class().code(), "the class of {reason} in docs/runbook.md");
    }
}

#[test]
fn every_iq_state_has_an_entry() {
    let entries = entries(&runbook(), &event_section(OutboundType::IqAttention));
    check(&entries, IqState::ALL.iter().map(|state| state.code()));
}

/// Failed reasons have their entry in the section of their event.
#[test]
fn every_other_dead_letter_reason_has_an_entry() {
    let others = DeadLetterReason::ALL.iter().filter(|reason| !reason.is_failed_request());
    let rows = entries(&runbook(), "| `postern-reason` |");
    let header = rows.iter().position(|cells| cells[0] == "`postern-reason`").unwrap();
    check(&rows[header + 1..], others.map(|reason| reason.code()));
}
