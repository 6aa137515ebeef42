//! The judge: from a recorded history to the violations of the contract's invariants. Pure.
//!
//! | judge | invariant |
//! | --- | --- |
//! | [`answers`] | 1: exactly one answer per valid request, the same however often it is told, under derived ids; none for anything else |
//! | [`truth`] | 1: what an answer says was so |
//! | [`permission`] | 2: no command against the rules |
//! | [`commands`] | 3: no command for a request whose outcome is known; doubt within its bounds; every opening is somebody's |
//! | [`pauses`] | 3: `Retry-After` holds for the whole integration |
//! | [`losses`] | 4: nothing is lost, and nothing left over |
//! | [`one_time_passwords`] | 5: one rejected one-time password per request; a blocked IQ is left alone |
//! | [`secrets`] | 6: no secret is to be read |
//! | [`tokens`] | 7: tokens are asked for once |
//! | [`audit`] | the audit has one line per decision, and it says the same |
//! | [`health`] | stopping in order; nobody dies or panics |
//!
//! A judge must be right whenever it speaks. What was stored when, and which answer reached whom, is only known from
//! outside; so something is a violation only where it is wrong under every order of things that fits the record.

mod answers;
mod audit;
mod commands;
mod facts;
mod health;
mod losses;
mod one_time_passwords;
mod pauses;
mod permission;
mod secrets;
mod tokens;
mod truth;

#[cfg(test)]
mod tests;

pub use facts::Facts;

use crate::history::{History, RequestKey};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// Something that must not have happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The judge that found it.
    pub judge: &'static str,
    pub what: String,
    /// `id of source`, to look for in the logs.
    pub request: Option<String>,
    pub at: Option<DateTime<Utc>>,
}

impl Violation {
    fn of(judge: &'static str, what: impl Into<String>) -> Self {
        Self { judge, what: what.into(), request: None, at: None }
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

/// All violations, by judge.
pub fn judge(history: &History) -> Vec<Violation> {
    let facts = Facts::new(history);
    let judges = [
        answers::judge,
        truth::judge,
        permission::judge,
        commands::judge,
        pauses::judge,
        losses::judge,
        one_time_passwords::judge,
        secrets::judge,
        tokens::judge,
        audit::judge,
        health::judge,
    ];
    judges.iter().flat_map(|judge| judge(&facts)).collect()
}
