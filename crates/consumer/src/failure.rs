//! Why a door that may open did not: Salto's errors in the contract's words.

use std::time::Duration;

use rules::{Certainty, FailedReason};
use salto::{CallError, Cause, OpenError};
use serde::{Deserialize, Serialize};

/// A failed attempt, as it is told and remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The code.
    pub(crate) reason: FailedReason,
    /// In plain words, without secrets and personal data.
    pub(crate) detail: String,
}

impl Failure {
    pub(crate) fn new(reason: FailedReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    /// Nothing failed, and yet the request expired.
    pub(crate) fn too_slow() -> Self {
        Self::new(FailedReason::SaltoUnavailable, "the request expired before Salto could be asked")
    }

    /// As text for the ledger.
    pub(crate) fn to_record(&self) -> String {
        format!("{} {}", self.reason.code(), self.detail)
    }

    /// From the ledger's text.
    pub(crate) fn from_record(record: &str) -> Option<Self> {
        let (code, detail) = record.split_once(' ')?;
        Some(Self::new(FailedReason::from_code(code)?, detail))
    }
}

/// An attempt that did not open the door, and what follows from it.
#[derive(Debug)]
pub(crate) struct Setback {
    /// None where the request merely ran out of time.
    pub(crate) failure: Option<Failure>,
    pub(crate) certainty: Certainty,
    /// Whether a command was written.
    pub(crate) written: bool,
    /// No sooner again than after this.
    pub(crate) retry_after: Option<Duration>,
    /// Salto's wish just heard, for the whole integration and all replicas.
    pub(crate) pause: Option<Duration>,
    /// Whether trying again at once, and once, is likely to help.
    pub(crate) at_once: bool,
}

impl Setback {
    /// Before any command: somebody must act, or retrying cannot help.
    pub(crate) fn refused(reason: FailedReason, detail: impl Into<String>) -> Self {
        Self {
            failure: Some(Failure::new(reason, detail)),
            certainty: Certainty::Refused,
            ..Self::late()
        }
    }

    /// The request's time was over before a command could be sent.
    pub(crate) fn late() -> Self {
        Self {
            failure: None,
            certainty: Certainty::NeverHappened,
            written: false,
            retry_after: None,
            pause: None,
            at_once: false,
        }
    }

    /// Nothing is sent to the IQ for a while, as Salto has blocked the user there.
    pub(crate) fn left_alone(left: Duration) -> Self {
        let minutes = left.as_secs().div_ceil(60);
        Self::refused(
            FailedReason::OtpBlocked,
            format!(
                "Salto has blocked the system user at this IQ after wrong one-time passwords, and \
                 postern leaves it alone for another {minutes} min"
            ),
        )
    }

    /// Salto wants no calls now.
    pub(crate) fn paused(pause: Duration) -> Self {
        Self {
            failure: Some(Failure::new(
                FailedReason::RateLimited,
                "Salto asked for a pause of this integration's calls",
            )),
            retry_after: Some(pause),
            ..Self::late()
        }
    }
}

impl From<CallError> for Setback {
    /// A call on the way to the command failed: no command was sent.
    fn from(error: CallError) -> Self {
        Self {
            failure: failure(error.cause, &error),
            certainty: certainty(error.certainty()),
            written: false,
            retry_after: error.retry_after,
            pause: error.retry_after.filter(|_| is_saltos_wish(error.cause)),
            at_once: error.cause == Cause::TokenRejected,
        }
    }
}

impl From<OpenError> for Setback {
    fn from(error: OpenError) -> Self {
        Self {
            failure: failure(error.cause, &error),
            certainty: certainty(error.certainty),
            written: error.written,
            retry_after: error.retry_after,
            // Not where this worker leaves a failing host alone: that is no wish of Salto.
            pause: error.retry_after.filter(|_| error.cause != Cause::BreakerOpen),
            at_once: error.cause == Cause::TokenRejected,
        }
    }
}

/// Whether the door may have opened, as salto answers it.
const fn certainty(answer: salto::Certainty) -> Certainty {
    match answer {
        salto::Certainty::NeverHappened => Certainty::NeverHappened,
        salto::Certainty::Unknown => Certainty::Unknown,
        salto::Certainty::Refused => Certainty::Refused,
    }
}

/// Whether a wait was asked for by Salto: the one after rejected credentials, for example, is our
/// own and ends when they change.
const fn is_saltos_wish(cause: Cause) -> bool {
    matches!(cause, Cause::RateLimited | Cause::Unavailable)
}

fn failure(cause: Cause, error: &impl std::fmt::Display) -> Option<Failure> {
    (cause != Cause::Expired).then(|| Failure::new(reason(cause), error.to_string()))
}

/// Salto's causes in the contract's words.
pub(crate) const fn reason(cause: Cause) -> FailedReason {
    match cause {
        // A token that Salto granted and refuses, and the next one too: somebody must look.
        Cause::TokenRejected | Cause::CredentialsRejected | Cause::NotSignedIn => {
            FailedReason::CredentialsRejected
        }
        Cause::Forbidden | Cause::SiteNotFound | Cause::AlreadyActivated => FailedReason::Forbidden,
        Cause::NotActivated => FailedReason::IqNotActivated,
        Cause::LockNotFound | Cause::IqNotFound => FailedReason::LockNotFound,
        Cause::OtpInvalid => FailedReason::OtpInvalid,
        Cause::OtpBlocked => FailedReason::OtpBlocked,
        Cause::IqOffline => FailedReason::IqOffline,
        Cause::RateLimited => FailedReason::RateLimited,
        Cause::Unavailable
        | Cause::BreakerOpen
        | Cause::Unanswered
        | Cause::Expired
        | Cause::Cache => FailedReason::SaltoUnavailable,
    }
}
