//! Why a door that may open did not: Salto's errors as failed reasons (docs/contract.md, Outbound).

use rules::{FailedClass, FailedReason};
use salto::Cause;
use serde::{Deserialize, Serialize};

/// The reason of a failed attempt, as the ledger records it and the answer names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The reason's code.
    pub(crate) reason: FailedReason,
    /// Whether another request may succeed: that of the reason, or temporary where the cause is corrected.
    pub(crate) class: FailedClass,
    /// An explanation in plain words, without secrets and personal data.
    pub(crate) detail: String,
}

impl Failure {
    pub(crate) fn new(reason: FailedReason, detail: impl Into<String>) -> Self {
        Self { reason, class: reason.class(), detail: detail.into() }
    }

    /// No call failed, and yet the request expired.
    pub(crate) fn too_slow() -> Self {
        Self::new(FailedReason::SaltoUnavailable, "the request expired before Salto could be asked")
    }

    /// The failure of a call to Salto; none where the call only ran out of time, or was withdrawn.
    pub(crate) fn of_call(cause: Cause, error: &impl std::fmt::Display) -> Option<Self> {
        let failed = !matches!(cause, Cause::Expired | Cause::Withdrawn);
        failed.then(|| {
            let failure = Self::new(failed_reason(cause), error.to_string());
            if is_corrected(cause) {
                return Self { class: FailedClass::Temporary, ..failure };
            }
            failure
        })
    }

    /// The ledger's text.
    pub(crate) fn to_record(&self) -> String {
        let Self { reason, class, detail } = self;
        if *class == reason.class() {
            return format!("{} {detail}", reason.code());
        }
        format!("{}/{} {detail}", reason.code(), class.code())
    }

    /// Reads the ledger's text.
    pub(crate) fn from_record(record: &str) -> Option<Self> {
        let (codes, detail) = record.split_once(' ')?;
        let Some((reason, class)) = codes.split_once('/') else {
            return Some(Self::new(FailedReason::from_code(codes)?, detail));
        };
        let class = FailedClass::from_code(class)?;
        Some(Self { class, ..Self::new(FailedReason::from_code(reason)?, detail) })
    }
}

/// The failed reason (docs/contract.md, Outbound) of a cause at Salto.
pub(crate) const fn failed_reason(cause: Cause) -> FailedReason {
    match cause {
        Cause::CredentialsRejected | Cause::NotSignedIn => FailedReason::CredentialsRejected,
        Cause::Forbidden | Cause::SiteNotFound | Cause::AlreadyActivated => FailedReason::Forbidden,
        Cause::NotActivated => FailedReason::IqNotActivated,
        Cause::LockNotFound | Cause::IqNotFound => FailedReason::LockNotFound,
        Cause::OtpInvalid | Cause::OtpMistimed | Cause::LockMoved => FailedReason::OtpInvalid,
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

/// Whether postern has found what led to the failure, and has corrected it (docs/contract.md, Failed reasons).
const fn is_corrected(cause: Cause) -> bool {
    matches!(cause, Cause::OtpMistimed | Cause::LockMoved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_read_as_it_was_recorded() {
        let failures = [
            Failure::new(FailedReason::OtpInvalid, "a / b"),
            Failure::new(FailedReason::IqOffline, ""),
            Failure::of_call(Cause::OtpMistimed, &"late").unwrap(),
            Failure::of_call(Cause::LockMoved, &"moved").unwrap(),
        ];
        for failure in failures {
            assert_eq!(Failure::from_record(&failure.to_record()), Some(failure));
        }
        assert_eq!(
            Failure::from_record("otp_invalid x").unwrap().class,
            FailedClass::Configuration
        );
    }

    #[test]
    fn a_rejected_password_is_temporary_where_its_cause_is_corrected() {
        let class = |cause| Failure::of_call(cause, &"").unwrap().class;
        assert_eq!(class(Cause::OtpInvalid), FailedClass::Configuration);
        assert_eq!(class(Cause::OtpMistimed), FailedClass::Temporary);
        assert_eq!(class(Cause::LockMoved), FailedClass::Temporary);
    }
}
