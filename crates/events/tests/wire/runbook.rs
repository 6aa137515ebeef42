//! The runbook has an entry for every reason and every state, and no entry for any other; the contract
//! names every reason of a dead letter.
//!
//! An entry is a row `` | `code` | … | `` of the table below the heading of its event, or of the table of
//! the other dead letters, and has no empty cell.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use events::{ConfirmationSource, DeadLetterReason, IntegrationState, IqState, OutboundType};
use rules::{FailedReason, RejectedReason, RiskReason};

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

/// The codes that the event's section has entries for; none where the data has no codes. A new event
/// type does not compile before it is here.
fn codes_of(event_type: OutboundType) -> Vec<&'static str> {
    match event_type {
        OutboundType::OpenRejected => RejectedReason::ALL.iter().map(|it| it.code()).collect(),
        OutboundType::OpenFailed => FailedReason::ALL.iter().map(|it| it.code()).collect(),
        OutboundType::IqAttention => IqState::ALL.iter().map(|it| it.code()).collect(),
        OutboundType::IntegrationAttention => {
            IntegrationState::ALL.iter().map(|it| it.code()).collect()
        }
        OutboundType::BookingAtRisk => RiskReason::ALL.iter().map(|it| it.code()).collect(),
        OutboundType::OpenConfirmed => ConfirmationSource::ALL.iter().map(|it| it.code()).collect(),
        OutboundType::Opened | OutboundType::CheckIn => Vec::new(),
    }
}

#[test]
fn every_reason_and_state_has_an_entry() {
    let with_codes = OutboundType::ALL.iter().filter(|it| !codes_of(**it).is_empty());
    for event_type in with_codes.copied() {
        let entries = entries(&runbook(), &event_section(event_type));
        check(&entries, codes_of(event_type).into_iter());
    }
}

#[test]
fn every_failed_reason_has_its_class() {
    for cells in entries(&runbook(), &event_section(OutboundType::OpenFailed)) {
        let reason = FailedReason::from_code(cells[0].trim_matches('`')).unwrap();
        assert_eq!(cells[1], reason.class().code(), "the class of {reason} in docs/runbook.md");
    }
}

/// Failed reasons have their entry in the section of their event.
#[test]
fn every_other_dead_letter_reason_has_an_entry() {
    let others = DeadLetterReason::ALL.iter().filter(|reason| !reason.is_failed_request());
    let rows = entries(&runbook(), "| `postern-reason` |");
    let header = rows.iter().position(|cells| cells[0] == "`postern-reason`").unwrap();
    check(&rows[header + 1..], others.map(|reason| reason.code()));
}

/// Event types and the codes in their data are in the schemas, and compared in `tests/checks`.
#[test]
fn the_contract_names_every_dead_letter_reason() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract.md");
    let contract = fs::read_to_string(path).unwrap();
    let section = contract.split("\n#### ").find(|it| it.starts_with("Dead letters\n")).unwrap();
    let others = DeadLetterReason::ALL.iter().filter(|reason| !reason.is_failed_request());
    let missing: Vec<_> = others.filter(|it| !section.contains(&format!("`{it}`"))).collect();
    assert!(missing.is_empty(), "docs/contract.md, Dead letters, does not name {missing:?}");
}
