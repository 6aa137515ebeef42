//! The reasons of bookings at risk, as notices tell them.

use events::DoorRisk;
use rules::{RejectedReason, RiskReason};

use crate::{
    integrations::door_check::{DoorProblem, ProblemReason},
    state::store::StoreError,
};

/// The risk that a reason is; none where the rules do not let the door open anyway.
pub(super) const fn risk_of(reason: ProblemReason) -> Option<RiskReason> {
    match reason {
        ProblemReason::Lock(risk) => Some(risk),
        ProblemReason::Rejected(RejectedReason::NoLockMapped) => Some(RiskReason::NoLockMapped),
        ProblemReason::Rejected(
            RejectedReason::IntegrationUnknown
            | RejectedReason::IntegrationInactive
            | RejectedReason::BookingUnknown
            | RejectedReason::StatusNotAllowed
            | RejectedReason::TooEarly
            | RejectedReason::TooLate
            | RejectedReason::ObjectNotInBooking
            | RejectedReason::ObjectAmbiguous
            | RejectedReason::RequestExpired,
        ) => None,
    }
}

/// The risk that a problem of a door is, as a notice tells it.
pub(super) fn door_risk(problem: &DoorProblem<'_>) -> Option<DoorRisk> {
    let reason = risk_of(problem.reason)?;
    Some(DoorRisk {
        object_id: problem.object_id.to_owned(),
        lock_id: problem.lock_id,
        iq_id: problem.iq_id.map(str::to_owned),
        reason,
        detail: detail(reason),
    })
}

/// What is compared with what was told last: the reasons without their explanations; empty where there are
/// none.
pub(super) fn told(reasons: &[DoorRisk]) -> Result<String, StoreError> {
    if reasons.is_empty() {
        return Ok(String::new());
    }
    let mut told: Vec<_> = reasons
        .iter()
        .map(|it| (it.object_id.as_str(), it.reason.code(), it.lock_id, it.iq_id.as_deref()))
        .collect();
    told.sort_unstable();
    serde_json::to_string(&told).map_err(|error| StoreError::Away(error.to_string()))
}

/// The explanation of a reason, for people.
pub(super) fn detail(reason: RiskReason) -> String {
    match reason {
        RiskReason::NoLockMapped => {
            "the object has no lock in the mapping, and there is no default lock"
        }
        RiskReason::LockNotFound => {
            "the site has no such lock, or several of the name, or the lock has no IQ"
        }
        RiskReason::IqNotActivated => "the IQ is not activated: run `postern iq activate`",
        RiskReason::IqReactivationRequired => {
            "the IQ's stored secret and PIN are no longer valid: run `postern iq activate`"
        }
        RiskReason::OtpInvalid => {
            "Salto has rejected the last one-time passwords for the IQ: see `postern iq list`"
        }
        RiskReason::OtpBlocked => {
            "Salto has blocked the system user at the IQ for a while: see `postern iq list`"
        }
        RiskReason::IqOffline => "Salto shows the IQ as offline: check its power and network",
        RiskReason::LockOffline => "Salto shows the lock as offline: check its battery and its IQ",
        RiskReason::PrivacyMode => "privacy mode is on at the lock, which is turned on from inside",
        RiskReason::RateLimited => "Salto asks for no calls, for longer than a request lives",
        RiskReason::CredentialsRejected => "Salto rejects the account of the integration",
        RiskReason::UserSuspended => "the system user's own seat is suspended",
        RiskReason::UserBlocked => "the system user is blocked at the site",
        RiskReason::RemoteAccessOff => "the system user may not open doors remotely",
        RiskReason::SaltoUnavailable => "Salto is not available",
    }
    .to_owned()
}
