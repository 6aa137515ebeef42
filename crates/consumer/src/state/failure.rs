//! Why a door that may open did not: Salto's errors as failed reasons (docs/contract.md, Outbound).

use rules::FailedReason;
use salto::Cause;
use serde::{Deserialize, Serialize};

/// The reason of a failed attempt, as the ledger records it and the answer names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The reason's code.
    pub(crate) reason: FailedReason,
    /// An explanation in plain words, without secrets and personal data.
    pub(crate) detail: String,
}

impl Failure {
    pub(crate) fn new(reason: FailedReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    /// No call failed, and yet the request expired.
    pub(crate) fn too_slow() -> Self {
        Self::new(FailedReason::SaltoUnavailable, "the request expired before Salto could be asked")
    }

    /// The failure of a call to Salto; none where the call only ran out of time, or was withdrawn.
    pub(crate) fn of_call(cause: Cause, error: &impl std::fmt::Display) -> Option<Self> {
        let failed = !matches!(cause, Cause::Expired | Cause::Withdrawn);
        failed.then(|| Self::new(failed_reason(cause), error.to_string()))
    }

    /// The ledger's text.
    pub(crate) fn to_record(&self) -> String {
        format!("{} {}", self.reason.code(), self.detail)
    }

    /// Reads the ledger's text.
    pub(crate) fn from_record(record: &str) -> Option<Self> {
        let (code, detail) = record.split_once(' ')?;
        Some(Self::new(FailedReason::from_code(code)?, detail))
    }
}

/// The failed reason (docs/contract.md, Outbound) of a cause at Salto.
pub(crate) const fn failed_reason(cause: Cause) -> FailedReason {
    match cause {
        Cause::CredentialsRejected | Cause::NotSignedIn => FailedReason::CredentialsRejected,
        Cause::Forbidden | Cause::SiteNotFound | Cause::AlreadyActivated => FailedReason::Forbidden,
        Cause::NotActivated => FailedReason::IqNotActivated,
        Cause::LockNotFound | Cause::IqNotFound => FailedReason::LockNotFound,
        Cause::OtpInvalid => FailedReason::OtpInvalid,
        Cause::OtpBlocked => FailedReason::OtpBlocked,
        Cause::IqOffline => FailedReason::IqOffline,
        Cause::IqRefused => FailedReason::IqRefused,
        Cause::RateLimited => FailedReason::RateLimited,
        // A token that was granted is no rejection of the password (docs/contract.md, invariant 7).
        Cause::TokenRejected
        | Cause::TokenUnusable
        | Cause::Unavailable
        | Cause::BreakerOpen
        | Cause::Unanswered
        | Cause::Expired
        | Cause::Withdrawn
        | Cause::Cache => FailedReason::SaltoUnavailable,
    }
}
