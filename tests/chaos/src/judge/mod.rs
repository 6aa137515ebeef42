//! The judge: finds the violations of the contract's invariants in a history. It has no side effects.
//!
//! | check | invariant (docs/contract.md) |
//! | --- | --- |
//! | [`answers`] | 1: exactly one answer per valid request, always the same, with a derived id; no other answers, none to a second request with the same source and id |
//! | [`truth`] | 1: what an answer says was true |
//! | [`permission`] | 2: no command that the rules do not allow, later than 300 ms after a state was stored that forbids it; every tied state counts |
//! | [`commands`] | 3: no command for a request whose outcome is known; bounds for commands in doubt; every opening has a request |
//! | [`pauses`] | 3: `Retry-After` holds for the whole integration |
//! | [`losses`] | 4: nothing is lost, and no message is left in the queues |
//! | [`one_time_passwords`] | 5: one rejected one-time password per request; no commands to a blocked IQ |
//! | [`secrets`] | 6: no secret leaks |
//! | [`tokens`] | 7: one token per lifetime |
//! | [`audit`] | the audit has one line per decision, with the content of the answer, however often and late it is published |
//! | [`health`] | workers stop in order; no worker ends by itself or panics |
//! | [`vocabulary`] | event types, reasons and states are known |
//!
//! A reported violation must be one. When something was stored, and which answer reached which worker, is only known
//! from outside; so a check reports something only if it is wrong in every order of events that fits the history.

mod answers;
mod audit;
mod commands;
mod health;
mod index;
mod losses;
mod one_time_passwords;
mod pauses;
mod permission;
mod secrets;
mod tokens;
mod truth;
mod vocabulary;

#[cfg(test)]
mod tests;

pub use index::HistoryIndex;

use crate::history::{History, RequestKey};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// A violation of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The check that found it.
    pub check: &'static str,
    pub what: String,
    /// `id of source`, for a search in the logs.
    pub request: Option<String>,
    pub at: Option<DateTime<Utc>>,
}

impl Violation {
    fn of(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, what: what.into(), request: None, at: None }
    }

    fn about(mut self, (source, id): &RequestKey) -> Self {
        self.request = Some(format!("{id} of {source}"));
        self
    }

    fn at(mut self, at: DateTime<Utc>) -> Self {
        self.at = Some(at);
        self
    }

    fn maybe_at(self, at: Option<DateTime<Utc>>) -> Self {
        Self { at, ..self }
    }
}

/// All violations, in the order of the checks.
pub fn judge(history: &History) -> Vec<Violation> {
    let index = HistoryIndex::new(history);
    let checks = [
        answers::check,
        truth::check,
        permission::check,
        commands::check,
        pauses::check,
        losses::check,
        one_time_passwords::check,
        secrets::check,
        tokens::check,
        audit::check,
        health::check,
        vocabulary::check,
    ];
    checks.iter().flat_map(|check| check(&index)).collect()
}
