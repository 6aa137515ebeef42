//! Reasons for which a request did not open a door: the `reason` of `lock.open-rejected.v1` and
//! `lock.open-failed.v1` (`docs/contract.md`, Outbound).

use crate::coded_enum;

coded_enum! {
    /// The rules say no (`lock.open-rejected.v1`).
    pub enum RejectedReason {
        /// No integration with this id is configured.
        IntegrationUnknown = "integration_unknown",
        /// The integration is switched off.
        IntegrationInactive = "integration_inactive",
        /// No status of this booking has been received.
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

coded_enum! {
    /// The rules said yes and the door could not be opened (`lock.open-failed.v1`).
    pub enum FailedReason {
        /// No activation of the IQ is stored: the secret or the PIN is missing.
        IqNotActivated = "iq_not_activated",
        /// The IQ's stored secret and PIN are no longer valid.
        IqReactivationRequired = "iq_reactivation_required",
        /// The IQ has no connection to Salto's cloud.
        IqOffline = "iq_offline",
        /// The IQ did not carry the command out, and gave a code that is not known.
        IqRefused = "iq_refused",
        /// The command was refused, and the lock is in privacy mode, which is turned on from inside.
        PrivacyMode = "privacy_mode",
        /// Salto refused the one-time password.
        OtpInvalid = "otp_invalid",
        /// Salto has blocked the system user for wrong one-time passwords.
        OtpBlocked = "otp_blocked",
        /// Salto refused the account, the client or the token.
        CredentialsRejected = "credentials_rejected",
        /// The system user may not open this lock.
        Forbidden = "forbidden",
        /// Salto does not know the lock.
        LockNotFound = "lock_not_found",
        /// Salto asked for fewer requests until the request expired.
        RateLimited = "rate_limited",
        /// Salto gave no usable answer until the request expired.
        SaltoUnavailable = "salto_unavailable",
        /// A command may or may not have opened the door.
        OutcomeUnknown = "outcome_unknown",
    }
}

coded_enum! {
    /// Why a door of a booking could not be opened now (`booking.at-risk.v1`). What an answer can have as its
    /// reason too has the same code.
    pub enum RiskReason {
        /// Neither the mapping nor a default gives a lock for the object.
        NoLockMapped = "no_lock_mapped",
        /// The site has no such lock, or the lock has no IQ.
        LockNotFound = "lock_not_found",
        /// No activation of the IQ is stored: the secret or the PIN is missing.
        IqNotActivated = "iq_not_activated",
        /// The IQ's stored secret and PIN are no longer valid.
        IqReactivationRequired = "iq_reactivation_required",
        /// Salto has rejected the last one-time passwords for the IQ.
        OtpInvalid = "otp_invalid",
        /// Salto has blocked the system user at the IQ for wrong one-time passwords.
        OtpBlocked = "otp_blocked",
        /// Salto's list says that the IQ is offline.
        IqOffline = "iq_offline",
        /// Salto's list says that the lock is offline.
        LockOffline = "lock_offline",
        /// Salto's list says that privacy mode is on at the lock.
        PrivacyMode = "privacy_mode",
        /// Salto asks for no calls, for longer than a request lives.
        RateLimited = "rate_limited",
        /// Salto refuses the account, the client or the token.
        CredentialsRejected = "credentials_rejected",
        /// The system user's own seat is suspended.
        UserSuspended = "user_suspended",
        /// The system user is blocked at the site.
        UserBlocked = "user_blocked",
        /// The system user may not open doors remotely.
        RemoteAccessOff = "remote_access_off",
        /// Salto gives no usable answer.
        SaltoUnavailable = "salto_unavailable",
    }
}

coded_enum! {
    /// What a failure means to a guest.
    pub enum FailedClass {
        /// Another request may succeed.
        Temporary = "temporary",
        /// No request succeeds until an operator has corrected something.
        Configuration = "configuration",
    }
}

impl FailedReason {
    /// Whether another request may succeed, as far as the reason says. An answer may say `temporary` of
    /// `otp_invalid`, where its cause is found and corrected.
    #[must_use]
    pub const fn class(self) -> FailedClass {
        match self {
            Self::IqOffline
            | Self::IqRefused
            | Self::PrivacyMode
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
    fn codes_are_those_of_the_contract() {
        let rejected: Vec<_> = RejectedReason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(
            rejected.join(" "),
            "integration_unknown integration_inactive booking_unknown status_not_allowed too_early \
             too_late object_not_in_booking object_ambiguous no_lock_mapped request_expired"
        );
        let failed: Vec<_> = FailedReason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(
            failed.join(" "),
            "iq_not_activated iq_reactivation_required iq_offline iq_refused privacy_mode \
             otp_invalid otp_blocked credentials_rejected forbidden lock_not_found rate_limited \
             salto_unavailable outcome_unknown"
        );
    }

    #[test]
    fn a_risk_has_the_code_of_the_answer_with_the_same_reason() {
        let known = |code| {
            FailedReason::from_code(code).is_some() || RejectedReason::from_code(code).is_some()
        };
        let own: Vec<_> =
            RiskReason::ALL.iter().map(|it| it.code()).filter(|it| !known(it)).collect();
        assert_eq!(own, ["lock_offline", "user_suspended", "user_blocked", "remote_access_off"]);
    }

    #[test]
    fn temporary_reasons_are_those_of_the_contract() {
        let temporary: Vec<_> = FailedReason::ALL
            .iter()
            .filter(|r| r.class() == FailedClass::Temporary)
            .map(|r| r.code())
            .collect();
        assert_eq!(
            temporary,
            [
                "iq_offline",
                "iq_refused",
                "privacy_mode",
                "otp_blocked",
                "rate_limited",
                "salto_unavailable",
                "outcome_unknown"
            ]
        );
    }

    #[test]
    fn every_code_is_read_back() {
        for reason in FailedReason::ALL {
            assert_eq!(FailedReason::from_code(reason.code()), Some(*reason));
        }
        for reason in RejectedReason::ALL {
            assert_eq!(RejectedReason::from_code(reason.code()), Some(*reason));
        }
        assert_eq!(RejectedReason::from_code("otp_invalid"), None);
    }
}
