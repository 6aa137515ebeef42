//! Why a request did not open a door: the vocabulary of the terminal events.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Declares an enum of reason codes with its wire names in one place.
macro_rules! reasons {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $code)] $variant,)+
        }

        impl $name {
            /// Every reason, in the order of the contract.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The code on the wire, in `snake_case`.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The reason with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.code() == code)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

reasons! {
    /// The rules say no (`lock.open-rejected.v1`).
    RejectedReason {
        /// No integration with this id is configured.
        IntegrationUnknown = "integration_unknown",
        /// The integration is switched off.
        IntegrationInactive = "integration_inactive",
        /// No status of this booking has been seen.
        BookingUnknown = "booking_unknown",
        /// The booking's status is not one that opens doors.
        StatusNotAllowed = "status_not_allowed",
        /// The window has not begun.
        TooEarly = "too_early",
        /// The booking has ended.
        TooLate = "too_late",
        /// The object asked for is not part of the booking.
        ObjectNotInBooking = "object_not_in_booking",
        /// The booking has several objects and the request names none.
        ObjectAmbiguous = "object_ambiguous",
        /// Neither the mapping nor a default gives a lock for the object.
        NoLockMapped = "no_lock_mapped",
        /// The request had expired when it was first taken from the queue.
        RequestExpired = "request_expired",
    }
}

reasons! {
    /// The rules said yes and the door could not be opened (`lock.open-failed.v1`).
    FailedReason {
        /// The IQ has no activation here: no secret or no PIN.
        IqNotActivated = "iq_not_activated",
        /// The IQ's stored secret and PIN no longer count.
        IqReactivationRequired = "iq_reactivation_required",
        /// The IQ has no connection to Salto's cloud.
        IqOffline = "iq_offline",
        /// Salto refused the one-time password.
        OtpInvalid = "otp_invalid",
        /// Salto has blocked the system user for wrong one-time passwords.
        OtpBlocked = "otp_blocked",
        /// Salto refused the account or the client, or its token.
        CredentialsRejected = "credentials_rejected",
        /// The system user may not open this lock.
        Forbidden = "forbidden",
        /// Salto does not know the lock.
        LockNotFound = "lock_not_found",
        /// Salto asked for fewer requests until the request expired.
        RateLimited = "rate_limited",
        /// Salto did not answer, or not usefully, until the request expired.
        SaltoUnavailable = "salto_unavailable",
        /// A command may or may not have opened the door.
        OutcomeUnknown = "outcome_unknown",
    }
}

/// What a failure means to a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedClass {
    /// Trying again may help.
    Temporary,
    /// Somebody must act first.
    Configuration,
}

impl FailedClass {
    /// Both classes.
    pub const ALL: &[Self] = &[Self::Temporary, Self::Configuration];

    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Temporary => "temporary",
            Self::Configuration => "configuration",
        }
    }
}

impl FailedReason {
    /// Whether trying again may help.
    #[must_use]
    pub const fn class(self) -> FailedClass {
        match self {
            Self::IqOffline
            | Self::OtpBlocked
            | Self::RateLimited
            | Self::SaltoUnavailable
            | Self::OutcomeUnknown => FailedClass::Temporary,
            Self::IqNotActivated
            | Self::IqReactivationRequired
            | Self::OtpInvalid
            | Self::CredentialsRejected
            | Self::Forbidden
            | Self::LockNotFound => FailedClass::Configuration,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_contracts() {
        let rejected: Vec<_> = RejectedReason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(
            rejected.join(" "),
            "integration_unknown integration_inactive booking_unknown status_not_allowed too_early \
             too_late object_not_in_booking object_ambiguous no_lock_mapped request_expired"
        );
        let failed: Vec<_> = FailedReason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(
            failed.join(" "),
            "iq_not_activated iq_reactivation_required iq_offline otp_invalid otp_blocked \
             credentials_rejected forbidden lock_not_found rate_limited salto_unavailable \
             outcome_unknown"
        );
    }

    #[test]
    fn temporary_reasons_are_the_contracts() {
        let temporary: Vec<_> = FailedReason::ALL
            .iter()
            .filter(|r| r.class() == FailedClass::Temporary)
            .map(|r| r.code())
            .collect();
        assert_eq!(
            temporary,
            ["iq_offline", "otp_blocked", "rate_limited", "salto_unavailable", "outcome_unknown"]
        );
    }

    #[test]
    fn codes_lead_back() {
        for reason in FailedReason::ALL {
            assert_eq!(FailedReason::from_code(reason.code()), Some(*reason));
        }
        assert_eq!(RejectedReason::from_code("otp_invalid"), None);
    }
}
