//! What an open command may meet, and what that means: one table, [`ROWS`], which decides and from
//! which `docs/verdicts.md` is written.

mod document;
mod rows;

use std::ops::RangeInclusive;

pub use self::document::document;
pub use self::rows::ROWS;
pub(crate) use self::rows::{LATE, LOST, NO_CONNECTION, NOT_ASKED};
use crate::breaker::Health;
use crate::error::{CallError, Cause, Certainty, OpenError};

/// One thing that an open command may meet. Whatever it meets is exactly one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// In plain words.
    pub words: &'static str,
    /// What it is.
    pub met: Met,
    /// What it means for the door.
    pub outcome: Outcome,
    /// Whether the command began to leave.
    pub written: bool,
    /// What it says about the host, for its circuit breaker.
    pub host: Health,
}

/// What a command met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// An answer.
    Answer {
        /// Of one of these statuses.
        statuses: &'static [RangeInclusive<u16>],
        /// With one of these bodies.
        bodies: &'static [Body],
        /// For example.
        example: Example,
    },
    /// No answer, for example for this reason.
    NoAnswer(&'static str),
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// Its HTTP status.
    pub status: u16,
    /// Its body.
    pub body: &'static str,
}

/// What an answer's body says. It is read for statuses other than 2xx alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// `otp_blocked` \[M\].
    OtpBlocked,
    /// `otp_invalid`, or code 2202 \[M\].
    OtpInvalid,
    /// `iq_offline` (decision).
    IqOffline,
    /// `pin_not_changed` \[M\].
    PinNotChanged,
    /// Code 1100 or 1101 \[M\].
    BadParameter,
    /// Another error of Salto's.
    OtherOfSalto,
    /// No error in Salto's form: the answer may come from anything on the way.
    NotSaltos,
}

impl Body {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::OtpBlocked,
        Self::OtpInvalid,
        Self::IqOffline,
        Self::PinNotChanged,
        Self::BadParameter,
        Self::OtherOfSalto,
        Self::NotSaltos,
    ];

    const fn words(self) -> &'static str {
        match self {
            Self::OtpBlocked => "`otp_blocked`",
            Self::OtpInvalid => "`otp_invalid` or code 2202",
            Self::IqOffline => "`iq_offline`",
            Self::PinNotChanged => "`pin_not_changed`",
            Self::BadParameter => "code 1100 or 1101",
            Self::OtherOfSalto => "another code",
            Self::NotSaltos => "no error of Salto's",
        }
    }
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Salto took it.
    Opened,
    /// It failed.
    Failed {
        /// Why.
        cause: Cause,
        /// Whether the door may have opened.
        certainty: Certainty,
    },
}

impl Row {
    fn claims(&self, status: u16, body: Body) -> bool {
        match &self.met {
            Met::Answer { statuses, bodies, .. } => {
                statuses.iter().any(|range| range.contains(&status)) && bodies.contains(&body)
            }
            Met::NoAnswer(_) => false,
        }
    }

    /// Why the command failed. Taken, it did not.
    pub(crate) const fn cause(&self) -> Cause {
        self.failed().0
    }

    /// The error of a command that met this.
    pub(crate) fn error(&self, error: CallError) -> OpenError {
        let (cause, certainty) = self.failed();
        OpenError::from_call(CallError { cause, ..error }, certainty, self.written)
    }

    const fn failed(&self) -> (Cause, Certainty) {
        match self.outcome {
            Outcome::Failed { cause, certainty } => (cause, certainty),
            // Nobody asks; were it asked, this would do no harm.
            Outcome::Opened => (Cause::Unanswered, Certainty::Unknown),
        }
    }
}

/// The row of an answer. What no row claims (there is a test that nothing is left) may have opened
/// the door.
pub(crate) fn of_answer(status: u16, body: Body) -> &'static Row {
    ROWS.iter().find(|row| row.claims(status, body)).unwrap_or(&LOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::answer::{self, Subject};

    #[test]
    fn every_answer_is_claimed_by_exactly_one_row() {
        for status in 100..=999 {
            for &body in Body::ALL {
                let rows: Vec<&Row> = ROWS.iter().filter(|row| row.claims(status, body)).collect();
                assert_eq!(rows.len(), 1, "{status} {body:?}: {rows:?}");
                assert_eq!(of_answer(status, body), rows[0]);
            }
        }
    }

    #[test]
    fn every_rows_example_is_its_own() {
        for row in ROWS {
            let Met::Answer { example, .. } = &row.met else { continue };
            let status = reqwest::StatusCode::from_u16(example.status).unwrap();
            let headers = reqwest::header::HeaderMap::new();
            let read = answer::refusal(status, &headers, example.body.as_bytes(), Subject::Lock);
            assert_eq!(read.1, row);
            assert_eq!(read.0.cause, row.cause());
        }
    }

    /// The contract's words, written down a second time: what may be sent again, and what not.
    #[test]
    fn what_may_have_happened() {
        for status in 100..=999 {
            for &body in Body::ALL {
                let row = of_answer(status, body);
                assert!(row.written);
                let certainty = match (status, body) {
                    (200..=299, _) => {
                        assert_eq!(row.outcome, Outcome::Opened);
                        continue;
                    }
                    (401 | 429 | 503, _) | (100..=199 | 300..=399, _) => Certainty::NeverHappened,
                    (408 | 500.., _) => Certainty::Unknown,
                    (_, Body::IqOffline) | (404, Body::NotSaltos) => Certainty::NeverHappened,
                    (_, _) => Certainty::Refused,
                };
                let Outcome::Failed { cause, certainty: found } = row.outcome else {
                    panic!("{status} {body:?} opens");
                };
                assert_eq!(found, certainty, "{status} {body:?}");
                let otp = match body {
                    Body::OtpBlocked => Cause::OtpBlocked,
                    Body::OtpInvalid => Cause::OtpInvalid,
                    _ => continue,
                };
                let verdict_on_otp = certainty == Certainty::Refused;
                assert_eq!(cause == otp, verdict_on_otp, "{status} {body:?}");
            }
        }
        for row in [&NOT_ASKED, &NO_CONNECTION, &LATE] {
            assert_eq!((row.failed().1, row.written), (Certainty::NeverHappened, false));
        }
        assert_eq!((LOST.failed().1, LOST.written), (Certainty::Unknown, true));
    }
}
