//! A run in which all was well, and each invariant broken in it on purpose.

mod broken_answers;
mod broken_commands;
mod broken_rest;
mod good;
mod lenient;

use super::{Violation, judge};
use crate::history::History;
use serde_json::Value;

/// What is found when something of the good run is changed.
fn found(change: impl FnOnce(&mut History)) -> Vec<Violation> {
    found_in(change, |_| {})
}

/// The same, when something of its audit is changed, too.
fn found_in(
    change: impl FnOnce(&mut History),
    audit: impl FnOnce(&mut Vec<Value>),
) -> Vec<Violation> {
    let mut history = good::history();
    change(&mut history);
    history.audit = good::audit(&history);
    audit(&mut history.audit);
    judge(&history)
}

/// The judge speaks, and says so.
#[track_caller]
fn caught(judge: &str, words: &str, change: impl FnOnce(&mut History)) {
    let found = found(change);
    let it = found.iter().find(|one| one.judge == judge && one.what.contains(words));
    assert!(it.is_some(), "{judge} did not say {words:?}: {found:#?}");
}

/// Nobody speaks.
#[track_caller]
fn accepted(change: impl FnOnce(&mut History)) {
    let found = found(change);
    assert_eq!(found, [], "nothing is wrong with that");
}
