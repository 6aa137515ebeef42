//! One attempt: the rules, and at most one command.

use std::{ops::ControlFlow, time::Duration};

use rules::Opening;

use super::{
    claim::ClaimedRequest,
    command_result::{CommandResult, OpenedLock},
    context::Context,
    decide::{AllowedOpening, AttemptPlan, decide},
    entry_log::{self, LogAnswer},
    open::open,
    outcome::Outcome,
    request_state::RequestState,
    retry_decision::{FollowUp, follow_up},
};
use crate::{
    broker::{session_handle::Unstored, wait_reason::WaitReason},
    integrations::registry::Integration,
    state::ledger::{Claim, LastCommand, Reservation},
};

/// How often to look whether a booking has become known: at first, and later.
const BOOKING_POLL: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// How long asking Salto's log may take: before another command, and before a request ends.
const LOG_BEFORE_COMMAND: Duration = Duration::from_secs(1);
const LOG_BEFORE_END: Duration = Duration::from_secs(3);

/// How an attempt ended.
pub(super) enum AttemptResult {
    /// With an outcome, after so many commands.
    Concluded(Outcome, u32),
    /// With a wait for the next attempt.
    Wait(Duration, WaitReason),
}

/// Applies the rules, and sends a command where they and everything else allow it.
pub(super) async fn attempt(
    context: Context<'_>,
    state: &mut RequestState,
    claimed: &mut ClaimedRequest,
) -> Result<AttemptResult, Unstored> {
    if claimed.claim.reservation == Reservation::Reserved {
        // Until the reserved command has been written, it is not sent.
        state.last_command = LastCommand::NotSent;
    }
    state.update_from(&mut claimed.claim);
    let claim = &*claimed.claim;
    let allowed = match apply_rules(context, state, claim).await {
        ControlFlow::Continue(allowed) => allowed,
        ControlFlow::Break(result) => return Ok(result),
    };
    state.lock = allowed.opening.lock.id();
    let delay = state.delay();
    if !delay.is_zero() {
        return Ok(AttemptResult::Wait(delay, WaitReason::NextAttempt));
    }
    if claim.doubt.commands > state.doubt_at_last_log_query && state.lock.is_some() {
        state.doubt_at_last_log_query = claim.doubt.commands;
        if let Some(result) = ask_log(context, claim, &allowed).await {
            return Ok(result);
        }
    }
    send_command(context, state, claimed, allowed).await
}

/// Applies the rules. The attempt goes on where they allow the door to open.
async fn apply_rules(
    context: Context<'_>,
    state: &RequestState,
    claim: &Claim,
) -> ControlFlow<AttemptResult, AllowedOpening> {
    let worker = context.worker;
    let integration = worker.integrations.get(state.integration_id());
    let next = decide(worker, integration.as_deref(), state, claim);
    tracing::debug!(?next, "request decided");
    ControlFlow::Break(match (next, integration) {
        (AttemptPlan::Open(opening, action), Some(integration)) => {
            return ControlFlow::Continue(AllowedOpening { integration, opening, action });
        }
        (AttemptPlan::ConcludeInDoubt(opening), Some(integration)) => {
            let outcome = outcome_in_doubt(context, &integration, claim, opening).await;
            AttemptResult::Concluded(outcome, claim.attempts)
        }
        (AttemptPlan::Conclude(outcome), _) => AttemptResult::Concluded(outcome, claim.attempts),
        (AttemptPlan::AwaitBooking, _)
        | (AttemptPlan::Open(..) | AttemptPlan::ConcludeInDoubt(_), None) => {
            // A booking that has been awaited for longer is looked for less often.
            let poll = claim.waited().clamp(BOOKING_POLL.0, BOOKING_POLL.1);
            AttemptResult::Wait(poll, WaitReason::Booking)
        }
    })
}

/// Asks Salto's log about the commands in doubt, before another command is sent. None where the attempt
/// goes on: only where the log was not asked. Otherwise the next attempt claims again, because the state
/// may have changed meanwhile (docs/contract.md, invariant 2).
async fn ask_log(
    context: Context<'_>,
    claim: &Claim,
    allowed: &AllowedOpening,
) -> Option<AttemptResult> {
    let AllowedOpening { integration, opening, .. } = allowed;
    let (lock_id, limit) = (opening.lock.id()?, LOG_BEFORE_COMMAND);
    match entry_log::ask(context.worker, integration, claim, lock_id, limit).await {
        LogAnswer::Opened { at, iq_id } => {
            let opened = OpenedLock::at(lock_id, iq_id, at);
            let outcome = Outcome::opened(claim, opening.clone(), opened);
            Some(AttemptResult::Concluded(outcome, claim.attempts))
        }
        LogAnswer::NotAsked => None,
        // After a pause, the next attempt sees it, and whether the request can wait that long.
        LogAnswer::NoEntry | LogAnswer::Paused => {
            Some(AttemptResult::Wait(Duration::ZERO, WaitReason::NextAttempt))
        }
    }
}

/// Sends the command, and says what follows its result.
async fn send_command(
    context: Context<'_>,
    state: &mut RequestState,
    claimed: &mut ClaimedRequest,
    mut allowed: AllowedOpening,
) -> Result<AttemptResult, Unstored> {
    let result = open(context, state, claimed, &mut allowed).await;
    // Both may be newer than before the command.
    let claim = &*claimed.claim;
    let AllowedOpening { integration, opening, .. } = allowed;
    Ok(match result {
        CommandResult::Accepted(opened) => {
            state.last_command = LastCommand::NoneOrUnknown;
            let outcome = Outcome::opened(claim, opening, opened);
            AttemptResult::Concluded(outcome, claim.attempts + 1)
        }
        CommandResult::Rehearsed(opened) => {
            let outcome = Outcome::opened(claim, opening, opened);
            AttemptResult::Concluded(outcome, claim.attempts)
        }
        CommandResult::Prepared => AttemptResult::Wait(Duration::ZERO, WaitReason::Preparation),
        CommandResult::Withdrawn => AttemptResult::Wait(Duration::ZERO, WaitReason::NextAttempt),
        CommandResult::Wait(wait, reason) => AttemptResult::Wait(wait, reason),
        CommandResult::Abandoned => return Err(Unstored::Abandoned),
        CommandResult::NotOpened { failed, iq_id } => {
            let attempts = claim.attempts + u32::from(failed.written);
            let (pause, paused) = (failed.pause, failed.pause.is_some());
            // First of all, what became of the command: the delivery may be given back at each wait.
            let limits = context.worker.resend_limits(&integration.site, opening.lock.id());
            let next = follow_up(limits, state, claim, &opening, failed, iq_id);
            if let Some(pause) = pause {
                let share = || context.worker.pauses.share(&integration.rules.id, pause);
                context.session.retry_until_stopped(share).await?;
            }
            match next {
                FollowUp::Retry(wait) => AttemptResult::Wait(wait, WaitReason::NextAttempt),
                FollowUp::Conclude(outcome) => AttemptResult::Concluded(outcome, attempts),
                FollowUp::ConcludeInDoubt if paused => {
                    let outcome = Outcome::unknown(opening.lock.id());
                    AttemptResult::Concluded(outcome, attempts)
                }
                FollowUp::ConcludeInDoubt => {
                    let outcome = outcome_in_doubt(context, &integration, claim, opening).await;
                    AttemptResult::Concluded(outcome, attempts)
                }
            }
        }
    })
}

/// The outcome of a command that was not answered and may not be repeated, as far as Salto's log knows it.
async fn outcome_in_doubt(
    context: Context<'_>,
    integration: &Integration,
    claim: &Claim,
    opening: Opening,
) -> Outcome {
    let ended = context.session.is_ended();
    let limit = if ended { LOG_BEFORE_COMMAND } else { LOG_BEFORE_END };
    // Without its id, no list of locks has the lock: nothing can be asked about it.
    let Some(lock_id) = opening.lock.id() else { return Outcome::unknown(None) };
    match entry_log::ask(context.worker, integration, claim, lock_id, limit).await {
        LogAnswer::Opened { at, iq_id } => {
            Outcome::opened(claim, opening, OpenedLock::at(lock_id, iq_id, at))
        }
        LogAnswer::NoEntry | LogAnswer::NotAsked | LogAnswer::Paused => {
            Outcome::unknown(Some(lock_id))
        }
    }
}
