//! Step 3: what the rules say of a request, read again in each attempt.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use rules::{Decision, Opening, RejectedReason, Rejection};

use super::{outcome::Outcome, request_state::RequestState};
use crate::{
    integrations::registry::Integration,
    settings::{Mode, Rehearsal},
    state::{failure::Failure, ledger::Claim},
    worker::Worker,
};

/// What this attempt does.
#[derive(Debug)]
pub(super) enum AttemptPlan {
    /// Open the door, or rehearse it.
    Open(Opening, DoorAction),
    /// Wait: the booking may still become known.
    AwaitBooking,
    /// Conclude in doubt: a command was not answered and may not be repeated.
    ConcludeInDoubt(Opening),
    /// Conclude with this outcome.
    Conclude(Outcome),
}

/// The door that the rules allow to open, and what is done there.
pub(super) struct AllowedOpening {
    pub(super) integration: Arc<Integration>,
    pub(super) opening: Opening,
    pub(super) action: DoorAction,
}

/// What is done at a door that may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DoorAction {
    /// It is opened.
    Open,
    /// In a rehearsal, Salto checks the one-time password.
    Probe,
    /// In a rehearsal, nothing is sent to Salto.
    Nothing,
}

/// What is done for a request that is rehearsed or not; none for a live request where the integration
/// rehearses by now.
const fn door_action(rehearsal: bool, mode: Mode) -> Option<DoorAction> {
    match (rehearsal, mode) {
        (false, Mode::Live) => Some(DoorAction::Open),
        (false, Mode::Rehearsal(_)) => None,
        (true, Mode::Rehearsal(Rehearsal::Probe)) => Some(DoorAction::Probe),
        (true, Mode::Rehearsal(Rehearsal::Nothing) | Mode::Live) => Some(DoorAction::Nothing),
    }
}

/// Applies the rules.
pub(super) fn decide(
    worker: &Worker,
    integration: Option<&Integration>,
    state: &RequestState,
    claim: &Claim,
) -> AttemptPlan {
    let now = Utc::now();
    let request = rules::Request {
        object_id: state.request.data.object_id.clone(),
        taken_at: claim.taken_at,
        expires_at: state.expires_at,
    };
    let in_doubt = claim.doubt.commands > 0;
    let mode = integration.map_or(Mode::Live, |integration| integration.mode);
    let rules = integration.map(|integration| &integration.rules);
    let decision = rules::decide(now, rules, claim.booking.as_ref(), &request);
    match with_lock_id(decision, integration) {
        Decision::Open(opening) if !may_repeat(worker, integration, &opening, claim) => {
            AttemptPlan::ConcludeInDoubt(opening)
        }
        Decision::Open(opening) => match door_action(claim.rehearsal, mode) {
            Some(action) => AttemptPlan::Open(opening, action),
            None if in_doubt => AttemptPlan::ConcludeInDoubt(opening),
            None => AttemptPlan::Conclude(Outcome::Rejected(rehearses_now())),
        },
        Decision::Expired(opening) if in_doubt => AttemptPlan::ConcludeInDoubt(opening),
        Decision::Expired(opening) => {
            let failure = state.failure.clone().or_else(|| claim.failure.clone());
            let failure = failure.unwrap_or_else(Failure::too_slow);
            let lock_id = opening.lock.id();
            AttemptPlan::Conclude(Outcome::Failed { failure, lock_id, iq_id: None })
        }
        Decision::Rejected(_) if in_doubt => AttemptPlan::Conclude(Outcome::unknown(state.lock)),
        Decision::Rejected(Rejection { reason: RejectedReason::BookingUnknown, .. })
            if now < state.expires_at && now < claim.taken_at + worker.opening.booking_wait =>
        {
            AttemptPlan::AwaitBooking
        }
        Decision::Rejected(rejection) => AttemptPlan::Conclude(Outcome::Rejected(rejection)),
    }
}

/// Whether a command may be sent, where earlier ones have unknown outcomes.
fn may_repeat(
    worker: &Worker,
    integration: Option<&Integration>,
    opening: &Opening,
    claim: &Claim,
) -> bool {
    let of_lock =
        integration.map(|integration| worker.resend_limits(&integration.site, opening.lock.id()));
    of_lock.unwrap_or(worker.resend).allow(claim.doubt, Duration::ZERO)
}

/// The decision with the id of a lock that the configuration names, where the list of locks has one of that name.
fn with_lock_id(mut decision: Decision, integration: Option<&Integration>) -> Decision {
    if let (Decision::Open(opening) | Decision::Expired(opening), Some(integration)) =
        (&mut decision, integration)
        && let Some(id) = integration.lock_id(&opening.lock)
    {
        opening.lock = id.into();
    }
    decision
}

/// The answer to a request that was taken while its integration was live.
fn rehearses_now() -> Rejection {
    Rejection {
        reason: RejectedReason::IntegrationInactive,
        detail: "the integration rehearses by now, and opens no doors".to_owned(),
        opens_at: None,
    }
}
