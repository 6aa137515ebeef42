//! What an answer to an open command means: one table, [`ROWS`]. Commands are classified by it, and
//! `docs/classification.md` is written from it.

mod document;
mod parts;
mod rows;
#[cfg(test)]
mod tests;
mod without_answer;

use std::ops::RangeInclusive;

pub use self::document::document;
pub use self::rows::ROWS;
pub(crate) use self::without_answer::{
    BREAKER_OPEN, EXPIRED, NO_CONNECTION, UNANSWERED, WITHDRAWN,
};
use crate::breaker::HostHealth;
use crate::error::{CallError, Cause, Certainty};
use crate::open_error::OpenError;

/// One row of the table. Exactly one row applies to each command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What happened, as the document describes it.
    pub description: &'static str,
    /// When the row applies.
    pub condition: Condition,
    /// What that means for the door.
    pub classification: Classification,
    /// Whether bytes of the command were written.
    pub written: bool,
    /// What that says about the host, for its circuit breaker.
    pub health: HostHealth,
}

/// When a row applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Salto, or something in front of it, answered.
    Answer {
        /// With one of these statuses.
        statuses: &'static [RangeInclusive<u16>],
        /// And one of these bodies.
        bodies: &'static [ErrorBody],
        /// An example of such an answer.
        example: Example,
    },
    /// There was no answer, for example for this reason.
    NoAnswer(&'static str),
}

/// An example of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'static str,
}

/// What the body of an answer says (`docs/salto-ks.md`, Connect API, and The OTP).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorBody {
    /// `otp_blocked`.
    OtpBlocked,
    /// `otp_invalid`, or code 2202 with a message about the one-time password.
    OtpInvalid,
    /// Code 2202 with any other message: what the path names does not exist.
    NotFound,
    /// `iq_offline` (decision).
    IqOffline,
    /// `pin_not_changed`.
    PinNotChanged,
    /// Code 3102 with a code of the IQ that is not known, or with none.
    IqRefused,
    /// Code 1100, 1101 or 1102 with a message about an id, or code 1100 without a message.
    BadId,
    /// Another error in Salto's form.
    OtherOfSalto,
    /// An `ErrorCode` that does not look like one of Salto's.
    OddCode,
    /// HTML: a host on the way to Salto answered.
    Html,
    /// No error in Salto's form and no HTML, or no body: any host on the way to Salto may have answered.
    NotSaltos,
}

impl ErrorBody {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::OtpBlocked,
        Self::OtpInvalid,
        Self::NotFound,
        Self::IqOffline,
        Self::PinNotChanged,
        Self::IqRefused,
        Self::BadId,
        Self::OtherOfSalto,
        Self::OddCode,
        Self::Html,
        Self::NotSaltos,
    ];

    const fn description(self) -> &'static str {
        match self {
            Self::OtpBlocked => "`otp_blocked`",
            Self::OtpInvalid => "`otp_invalid`, or code 2202 and a message about the OTP",
            Self::NotFound => "code 2202 and another message",
            Self::IqOffline => "`iq_offline`",
            Self::PinNotChanged => "`pin_not_changed`",
            Self::IqRefused => "code 3102 with a code of the IQ that is not known",
            Self::BadId => "code 1100 to 1102 about an id",
            Self::OtherOfSalto => "another code",
            Self::OddCode => "a code of another form",
            Self::Html => "HTML",
            Self::NotSaltos => "nothing of these",
        }
    }
}

/// What a row means for the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Classification {
    /// Salto accepted the command.
    Opened,
    /// The command failed.
    Failed {
        /// Why it failed.
        cause: Cause,
        /// Whether the door may have opened.
        certainty: Certainty,
    },
}

impl Row {
    fn applies_to(&self, status: u16, body: ErrorBody) -> bool {
        match &self.condition {
            Condition::Answer { statuses, bodies, .. } => {
                statuses.iter().any(|range| range.contains(&status)) && bodies.contains(&body)
            }
            Condition::NoAnswer(_) => false,
        }
    }

    /// Why the command failed.
    pub(crate) const fn cause(&self) -> Cause {
        self.failure().0
    }

    /// The error of a command that this row applies to.
    pub(crate) fn error(&self, error: CallError) -> OpenError {
        let (cause, certainty) = self.failure();
        OpenError::from_call(CallError { cause, ..error }, certainty, self.written)
    }

    const fn failure(&self) -> (Cause, Certainty) {
        match self.classification {
            Classification::Failed { cause, certainty } => (cause, certainty),
            // Not reached: an accepted command has no error. These values would do no harm.
            Classification::Opened => (Cause::Unanswered, Certainty::Unknown),
        }
    }
}

/// The row of an answer. A test proves that one exists for every answer; the fallback is the row of a
/// command that may have opened the door.
pub(crate) fn row_of_answer(status: u16, body: ErrorBody) -> &'static Row {
    ROWS.iter().find(|row| row.applies_to(status, body)).unwrap_or(&UNANSWERED)
}
