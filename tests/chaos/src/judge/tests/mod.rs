//! A valid history, and changes of it that violate each invariant.

mod answer_violations;
mod builders;
mod command_violations;
mod other_violations;
mod permitted;
mod stored_states;
mod valid_run;

use super::{Violation, judge};
use crate::history::History;
use serde_json::Value;

/// The violations in a changed valid run.
fn found(change: impl FnOnce(&mut History)) -> Vec<Violation> {
    found_in(change, |_| {})
}

/// The violations in a valid run whose audit is changed too.
fn found_in(
    change: impl FnOnce(&mut History),
    audit: impl FnOnce(&mut Vec<Value>),
) -> Vec<Violation> {
    let mut history = valid_run::history();
    change(&mut history);
    history.audit = valid_run::audit(&history);
    audit(&mut history.audit);
    judge(&history)
}

/// This check reports a violation with this text.
#[track_caller]
fn assert_violation(check: &str, text: &str, change: impl FnOnce(&mut History)) {
    let found = found(change);
    let it = found.iter().find(|one| one.check == check && one.what.contains(text));
    assert!(it.is_some(), "{check} did not report {text:?}: {found:#?}");
}

/// No check reports a violation.
#[track_caller]
fn assert_no_violation(change: impl FnOnce(&mut History)) {
    let found = found(change);
    assert_eq!(found, [], "this history is valid");
}
