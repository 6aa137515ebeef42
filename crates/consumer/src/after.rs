//! What follows an attempt that did not open the door.

use std::time::{Duration, Instant};

use rules::{Certainty, Delays, Doubt, FailedReason, Opening, RetryDecision};

use crate::{
    conclude::Outcome,
    failure::{Failure, Setback},
    ledger::{Claimed, LastCommand},
    line::dice,
    pursuit::Pursuit,
    worker::Worker,
};

/// Waits between commands for one request.
const DELAYS: Delays = Delays { base: Duration::from_millis(400), cap: Duration::from_secs(5) };

/// What follows a setback.
pub(crate) enum After {
    Again(Duration),
    Failed(Outcome),
    /// A command went unanswered and may not be repeated.
    Unknown,
}

/// Takes note of a setback, and says what follows.
pub(crate) fn after(
    worker: &Worker,
    pursuit: &mut Pursuit,
    claimed: &Claimed,
    (setback, opening, iq_id): (Setback, &Opening, Option<String>),
) -> After {
    let doubt = doubt_after(claimed, &setback);
    pursuit.last = match (pursuit.last, setback.written, setback.certainty) {
        (LastCommand::Standing, _, _) | (_, true, Certainty::Unknown) => LastCommand::Standing,
        (_, false, _) => LastCommand::Unsent,
        (_, true, Certainty::NeverHappened | Certainty::Refused) => LastCommand::NeverHappened,
    };
    pursuit.failures += 1;
    let wait = if setback.at_once && pursuit.failures == 1 {
        Duration::ZERO
    } else {
        let backoff = DELAYS.wait_within(pursuit.failures, dice(), pursuit.remaining());
        backoff.max(setback.retry_after.unwrap_or_default())
    };
    let failure = setback.failure.clone().or_else(|| pursuit.cause.clone());
    let failure = failure.or_else(|| claimed.cause.clone()).unwrap_or_else(Failure::too_slow);
    pursuit.cause = Some(failure.clone());
    tracing::info!(
        request_id = pursuit.request.id,
        integration_id = pursuit.request.data.integration_id,
        lock_id = %opening.lock_id,
        reason = %failure.reason,
        detail = failure.detail,
        certainty = ?setback.certainty,
        "not opened"
    );

    match rules::retry_decision(setback.certainty, doubt, worker.resend, wait, pursuit.remaining())
    {
        RetryDecision::Retry(wait) => {
            pursuit.not_before = Instant::now() + wait;
            After::Again(wait)
        }
        RetryDecision::GiveUp if doubt.commands > 0 => After::Unknown,
        RetryDecision::GiveUp => {
            let lock_id = Some(opening.lock_id);
            After::Failed(Outcome::Failed { failure, lock_id, iq_id })
        }
    }
}

/// A command went unanswered and may not be repeated: whatever comes later, nobody knows whether
/// the door opened.
pub(crate) fn unknown(lock_id: Option<uuid::Uuid>) -> Outcome {
    let detail = "a command went unanswered: the door may have opened or not";
    let failure = Failure::new(FailedReason::OutcomeUnknown, detail);
    Outcome::Failed { failure, lock_id, iq_id: None }
}

/// The commands in doubt after a setback, the one just sent included.
fn doubt_after(claimed: &Claimed, setback: &Setback) -> Doubt {
    let commands = claimed.doubt.commands + u32::from(setback.certainty == Certainty::Unknown);
    let since_first = if commands == 0 {
        Default::default()
    } else {
        claimed.doubt.since_first + claimed.asked_at.elapsed()
    };
    Doubt { commands, since_first }
}
