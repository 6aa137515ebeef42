//! The retry decision: what follows a failed attempt.

use std::time::{Duration, Instant};

use rules::{Certainty, Delays, Doubt, Opening, RetryDecision};

use super::{conclude::Outcome, failed_attempt::FailedAttempt, request_state::RequestState};
use crate::{
    jitter::jitter,
    state::{
        failure::Failure,
        ledger::{Claim, LastCommand},
    },
    worker::Worker,
};

/// Waits between commands for one request.
const DELAYS: Delays = Delays { base: Duration::from_millis(400), cap: Duration::from_secs(5) };

/// What follows a failed attempt.
pub(super) enum FollowUp {
    /// Another attempt, after this wait.
    Retry(Duration),
    /// The request ends with this outcome.
    Conclude(Outcome),
    /// The request ends in doubt: a command was not answered and may not be repeated.
    ConcludeInDoubt,
}

/// Records a failed attempt in the state of the request, and decides what follows.
pub(super) fn follow_up(
    worker: &Worker,
    state: &mut RequestState,
    claim: &Claim,
    opening: &Opening,
    failed: FailedAttempt,
    iq_id: Option<String>,
) -> FollowUp {
    let doubt = doubt_after(claim, &failed);
    state.last_command = last_command(state.last_command, &failed);
    state.failures += 1;
    let wait = if failed.retry_at_once && state.failures == 1 {
        Duration::ZERO
    } else {
        let backoff = DELAYS.wait_within(state.failures, jitter(), state.remaining());
        backoff.max(failed.retry_after.unwrap_or_default())
    };
    let failure = failed.failure.clone().or_else(|| state.failure.clone());
    let failure = failure.or_else(|| claim.failure.clone()).unwrap_or_else(Failure::too_slow);
    state.failure = Some(failure.clone());
    tracing::info!(
        lock_id = %opening.lock_id,
        iq_id,
        reason = %failure.reason,
        detail = failure.detail,
        certainty = ?failed.certainty,
        failures = state.failures,
        "attempt failed"
    );

    let remaining = state.remaining();
    match rules::retry_decision(failed.certainty, doubt, worker.resend, wait, remaining) {
        RetryDecision::Retry(wait) if !failed.otp_judged => {
            state.not_before = Instant::now() + wait;
            FollowUp::Retry(wait)
        }
        RetryDecision::Retry(_) | RetryDecision::GiveUp if doubt.commands > 0 => {
            FollowUp::ConcludeInDoubt
        }
        RetryDecision::Retry(_) | RetryDecision::GiveUp => {
            let lock_id = Some(opening.lock_id);
            FollowUp::Conclude(Outcome::Failed { failure, lock_id, iq_id })
        }
    }
}

/// The result of the last command, after a failed attempt.
const fn last_command(before: LastCommand, failed: &FailedAttempt) -> LastCommand {
    match (before, failed.written, failed.certainty) {
        (LastCommand::NoneOrUnknown, _, _) | (_, true, Certainty::Unknown) => {
            LastCommand::NoneOrUnknown
        }
        (_, false, _) => LastCommand::NotSent,
        (_, true, Certainty::NeverHappened | Certainty::Refused) => LastCommand::NoEffect,
    }
}

/// The commands in doubt after a failed attempt, the one just sent included.
fn doubt_after(claim: &Claim, failed: &FailedAttempt) -> Doubt {
    let commands = claim.doubt.commands + u32::from(failed.certainty == Certainty::Unknown);
    let since_first = if commands == 0 {
        Duration::ZERO
    } else {
        claim.doubt.since_first + claim.asked_at.elapsed()
    };
    Doubt { commands, since_first }
}
