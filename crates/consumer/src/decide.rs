//! Step 3: the rules' word on a request, read afresh in every round.

use std::time::Duration;

use chrono::Utc;
use rules::{Decision, Opening, RejectedReason, Rejection};

use crate::{
    after::unknown, conclude::Outcome, failure::Failure, ledger::Claimed, pursuit::Pursuit,
    worker::Worker,
};

/// The rules' word on this round.
pub(crate) enum Verdict {
    Open(Opening),
    /// The booking may yet become known.
    Wait,
    /// A command went unanswered and may not be repeated.
    Unknown(Opening),
    Over(Outcome),
}

/// Asks the rules.
pub(crate) fn decide(
    worker: &Worker,
    integration: Option<&rules::Integration>,
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
    match rules::decide(now, integration, claimed.booking.as_ref(), &request) {
        Decision::Open(opening) if !worker.resend.allow(claimed.doubt, Duration::ZERO) => {
            Verdict::Unknown(opening)
        }
        Decision::Open(opening) => Verdict::Open(opening),
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
