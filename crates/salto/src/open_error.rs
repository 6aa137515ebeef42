//! The error of an open command.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::clock::OtpTime;
use crate::error::{CallError, Cause, Certainty};

/// A failed open command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenError {
    /// Whether the door may have opened.
    pub certainty: Certainty,
    /// Why the command failed.
    pub cause: Cause,
    /// Whether bytes of the command were written: such a command counts as an attempt
    /// (`docs/contract.md`, Outbound).
    pub written: bool,
    /// The wait before the next command: from Salto's `Retry-After`, or from an open circuit breaker
    /// ([`Cause::BreakerOpen`]).
    pub retry_after: Option<Duration>,
    /// The answer's HTTP status; `None` without an answer.
    pub status: Option<u16>,
    /// Salto's `ErrorCode`; `None` where the answer has none.
    pub code: Option<String>,
    /// The code of the IQ, where it has the form of one: only with [`Cause::IqRefused`].
    pub iq_code: Option<String>,
    /// The time that the one-time password was made for; `None` where the command was not sent.
    pub(crate) otp_time: Option<Box<OtpTime>>,
    pub(crate) detail: Cow<'static, str>,
}

impl OpenError {
    pub(crate) fn from_call(error: CallError, certainty: Certainty, written: bool) -> Self {
        let CallError { cause, retry_after, status, code, iq_code, detail } = error;
        let otp_time = None;
        Self { certainty, cause, written, retry_after, status, code, iq_code, otp_time, detail }
    }

    /// What it says about the call alone.
    #[must_use]
    pub fn to_call_error(&self) -> CallError {
        CallError {
            cause: self.cause,
            retry_after: self.retry_after,
            status: self.status,
            code: self.code.clone(),
            iq_code: self.iq_code.clone(),
            detail: self.detail.clone(),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_call_error())
    }
}

impl std::error::Error for OpenError {}
