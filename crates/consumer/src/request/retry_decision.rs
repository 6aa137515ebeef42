//! The retry decision: what follows a failed attempt.

use std::time::{Duration, Instant};

use rules::{Certainty, Delays, Doubt, FailedClass, Opening, ResendLimits, RetryDecision};

use super::{failed_attempt::FailedAttempt, outcome::Outcome, request_state::RequestState};
use crate::{
    jitter::jitter,
    state::{
        failure::Failure,
        ledger::{Claim, LastCommand},
    },
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
    limits: ResendLimits,
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
    let known = state.failure.clone().or_else(|| claim.failure.clone());
    let failure = reported_failure(&failed, known);
    state.failure = Some(failure.clone());
    let of_attempt = failed.failure.as_ref().unwrap_or(&failure);
    tracing::info!(
        lock_id = %opening.lock,
        iq_id,
        reason = %of_attempt.reason,
        detail = of_attempt.detail,
        certainty = ?failed.certainty,
        failures = state.failures,
        "attempt failed"
    );

    let commands = claim.attempts + u32::from(failed.written);
    let may_retry = !failed.otp_judged && failed.most_commands.is_none_or(|most| commands < most);
    let remaining = state.remaining();
    match rules::retry_decision(failed.certainty, doubt, limits, wait, remaining) {
        RetryDecision::Retry(wait) if may_retry => {
            state.not_before = Instant::now() + wait;
            FollowUp::Retry(wait)
        }
        RetryDecision::Retry(_) | RetryDecision::GiveUp if doubt.commands > 0 => {
            FollowUp::ConcludeInDoubt
        }
        RetryDecision::Retry(_) | RetryDecision::GiveUp => {
            let lock_id = opening.lock.id();
            FollowUp::Conclude(Outcome::Failed { failure, lock_id, iq_id })
        }
    }
}

/// Why the request failed so far, after an attempt: for the last cause that it has seen itself, at Salto or
/// before. `known`: what it knew before the attempt. A cause of class `configuration` that did not end the
/// request is a token that Salto refused once: the next one was on its way, and only the pause or the breaker
/// stops the request.
fn reported_failure(failed: &FailedAttempt, known: Option<Failure>) -> Failure {
    let known =
        known.filter(|known| !failed.is_consequence || known.class == FailedClass::Temporary);
    match (&failed.failure, known) {
        (Some(failure), None) => failure.clone(),
        (Some(failure), Some(_)) if !failed.is_consequence => failure.clone(),
        (Some(_) | None, Some(known)) => known,
        (None, None) => Failure::too_slow(),
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
    let since_first = if commands == 0 { Duration::ZERO } else { claim.in_doubt_for() };
    Doubt { commands, since_first }
}

#[cfg(test)]
mod tests {
    use rules::FailedReason;

    use super::*;

    fn failure(detail: &str) -> Failure {
        Failure::new(FailedReason::SaltoUnavailable, detail)
    }

    #[test]
    fn a_pause_or_an_open_breaker_does_not_hide_the_cause_that_was_seen() {
        let seen = failure("HTTP 502");
        let paused = FailedAttempt::paused(Duration::from_secs(30));
        let breaker = FailedAttempt {
            failure: Some(failure("the circuit breaker is open")),
            is_consequence: true,
            ..FailedAttempt::out_of_time()
        };
        for consequence in [&paused, &breaker] {
            assert_eq!(reported_failure(consequence, Some(seen.clone())), seen);
            assert_eq!(Some(reported_failure(consequence, None)), consequence.failure);
            let token = Failure::new(FailedReason::CredentialsRejected, "HTTP 401");
            assert_eq!(Some(reported_failure(consequence, Some(token))), consequence.failure);
        }
        let answer = FailedAttempt { failure: Some(failure("HTTP 503")), ..breaker };
        let answer = FailedAttempt { is_consequence: false, ..answer };
        assert_eq!(reported_failure(&answer, Some(seen.clone())), failure("HTTP 503"));
        let slow = FailedAttempt::out_of_time();
        assert_eq!(reported_failure(&slow, Some(seen.clone())), seen);
        assert_eq!(reported_failure(&slow, None), Failure::too_slow());
    }
}
