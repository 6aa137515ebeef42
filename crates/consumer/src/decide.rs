//! Step 3: the rules' word on a request, read afresh in every round.

use std::time::Duration;

use chrono::Utc;
use rules::{Decision, Opening, RejectedReason, Rejection};

use crate::{
    after::unknown,
    conclude::Outcome,
    directory::Integration,
    failure::Failure,
    ledger::Claimed,
    pursuit::Pursuit,
    settings::{Mode, Rehearsal},
    worker::Worker,
};

/// The rules' word on this round.
pub(crate) enum Verdict {
    Open(Opening, Act),
    /// The booking may yet become known.
    Wait,
    /// A command went unanswered and may not be repeated.
    Unknown(Opening),
    Over(Outcome),
}

/// What is done about a door that may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// It is opened.
    Open,
    /// Salto looks at the one-time password of a rehearsal.
    Probe,
    /// Nothing leaves for Salto, in a rehearsal.
    Nothing,
}

/// What is done for a request that is rehearsed or not; nothing may be for one that is not, where the
/// integration rehearses by now.
const fn act(rehearsal: bool, mode: Mode) -> Option<Act> {
    match (rehearsal, mode) {
        (false, Mode::Live) => Some(Act::Open),
        (false, Mode::Rehearsal(_)) => None,
        (true, Mode::Rehearsal(Rehearsal::Probe)) => Some(Act::Probe),
        (true, Mode::Rehearsal(Rehearsal::Nothing) | Mode::Live) => Some(Act::Nothing),
    }
}

/// Asks the rules.
pub(crate) fn decide(
    worker: &Worker,
    integration: Option<&Integration>,
    pursuit: &Pursuit,
    claimed: &Claimed,
) -> Verdict {
    let now = Utc::now();
    let request = rules::Request {
        object_id: pursuit.request.data.object_id.clone(),
        taken_at: claimed.taken_at,
        expires_at: pursuit.expires_at,
    };
    let in_doubt = claimed.doubt.commands > 0;
    let mode = integration.map_or(Mode::Live, |integration| integration.mode);
    let rules = integration.map(|integration| &integration.rules);
    match rules::decide(now, rules, claimed.booking.as_ref(), &request) {
        Decision::Open(opening) if !worker.resend.allow(claimed.doubt, Duration::ZERO) => {
            Verdict::Unknown(opening)
        }
        Decision::Open(opening) => match act(claimed.rehearsal, mode) {
            Some(act) => Verdict::Open(opening, act),
            None if in_doubt => Verdict::Unknown(opening),
            None => Verdict::Over(Outcome::Rejected(rehearses_now())),
        },
        Decision::Expired(opening) if in_doubt => Verdict::Unknown(opening),
        Decision::Expired(opening) => {
            let failure = pursuit.cause.clone().or_else(|| claimed.cause.clone());
            let failure = failure.unwrap_or_else(Failure::too_slow);
            Verdict::Over(Outcome::Failed { failure, lock_id: Some(opening.lock_id), iq_id: None })
        }
        Decision::Rejected(_) if in_doubt => Verdict::Over(unknown(pursuit.lock)),
        Decision::Rejected(Rejection { reason: RejectedReason::BookingUnknown, .. })
            if now < pursuit.expires_at && now < claimed.taken_at + worker.opening.booking_wait =>
        {
            Verdict::Wait
        }
        Decision::Rejected(rejection) => Verdict::Over(Outcome::Rejected(rejection)),
    }
}

/// The answer to a request that was taken while its integration still opened doors.
fn rehearses_now() -> Rejection {
    Rejection {
        reason: RejectedReason::IntegrationInactive,
        detail: "the integration rehearses by now, and opens no doors".to_owned(),
        opens_at: None,
    }
}
