//! Step 4: send one command, or its rehearsal, or say why none was sent.

use std::{sync::Arc, time::Instant};

use chrono::Utc;
use salto::{Cause, OpenError, PreparedLock};

use super::{
    claim::ClaimedRequest,
    command_result::{CommandResult, OpenedLock},
    context::Context,
    decide::{AllowedOpening, DoorAction},
    failed_attempt::{FailedAttempt, is_about_the_otp},
    otp_rejection::{RejectedOtp, explain},
    prepare::{prepare, read_open_time_beside, renew_beside},
    privacy_mode::privacy_attempt,
    renewal::{Renewal, RestsOn},
    request_state::RequestState,
    send_permission::send_permission,
    signing::{Signing, signing},
};
use crate::{
    broker::wait_reason::WaitReason,
    failpoint,
    operator::metrics,
    state::{
        iq_ref::IqRef,
        ledger::{Claim, Reservation},
        otp_guard::{OtpSubject, OtpVerdict},
    },
    worker::Worker,
};

/// A reserved command, with everything that it needs.
struct ReservedCommand {
    prepared: PreparedLock,
    /// None where the IQ needs no one-time password.
    signing: Option<Signing>,
}

/// Opens the door, with one command at most, where the claim has reserved a command. Where the state had to
/// be read again before the command left, the claim and what is allowed are those of that time.
pub(super) async fn open(
    context: Context<'_>,
    state: &mut RequestState,
    claimed: &mut ClaimedRequest,
    allowed: &mut AllowedOpening,
) -> CommandResult {
    match reserved_command(context, state, claimed, allowed).await {
        Ok(command) => send(context.worker, state, &mut claimed.claim, allowed, command).await,
        Err(result) => result,
    }
}

/// The command that the claim has reserved, or why there is none.
async fn reserved_command(
    context: Context<'_>,
    state: &RequestState,
    claimed: &ClaimedRequest,
    allowed: &AllowedOpening,
) -> Result<ReservedCommand, CommandResult> {
    let Context { worker, session, .. } = context;
    let AllowedOpening { integration, opening, action } = allowed;
    let claim = &*claimed.claim;
    let not_opened = |failed, iq_id| Err(CommandResult::NotOpened { failed, iq_id });
    if !claim.pause.is_zero() {
        return not_opened(FailedAttempt::paused(claim.pause), None);
    }
    renew_beside(worker, integration);
    if *action == DoorAction::Open
        && let Some(lock) = opening.lock.id()
    {
        read_open_time_beside(worker, integration, lock);
    }
    integration.site.heed(&claim.corrections);
    let ready = opening.lock.id().and_then(|lock| integration.site.ready(lock));
    let prepared = match (&claimed.prepared, ready) {
        (Some(claimed_for), Some(ready))
            if claimed_for.lock_id == ready.lock_id && claimed_for.iq_id == ready.iq_id =>
        {
            ready
        }
        // The next claim is for this lock and IQ.
        (Some(_) | None, Some(_)) => return Err(CommandResult::Prepared),
        (Some(_) | None, None) => {
            return Err(prepare(context, integration, state, claimed, opening).await);
        }
    };
    let iq_id = || Some(prepared.iq_id.clone());
    if !claim.blocked.is_zero() {
        return not_opened(FailedAttempt::blocked_iq(claim.blocked), iq_id());
    }
    let signing = match signing(worker, integration, claim, &prepared) {
        Ok(signing) => signing,
        Err(failed) => return not_opened(failed, iq_id()),
    };
    // Without a one-time password, a rehearsal has nothing that Salto could check.
    if *action == DoorAction::Nothing || (*action == DoorAction::Probe && signing.is_none()) {
        let PreparedLock { lock_id, iq_id, .. } = prepared;
        return Err(CommandResult::Rehearsed(OpenedLock::at(lock_id, iq_id, Utc::now())));
    }
    if claim.reservation != Reservation::Reserved {
        return Err(match claimed.permit_wait(worker, state) {
            Some(wait) => CommandResult::Wait(wait, WaitReason::IqPermit),
            None => CommandResult::Prepared,
        });
    }
    if session.is_ended() {
        return Err(CommandResult::Abandoned);
    }
    Ok(ReservedCommand { prepared, signing })
}

/// Sends a reserved command, and records what its answer says about the IQ.
async fn send(
    worker: &Arc<Worker>,
    state: &mut RequestState,
    claim: &mut Claim,
    allowed: &mut AllowedOpening,
    command: ReservedCommand,
) -> CommandResult {
    let ReservedCommand { prepared, signing } = command;
    let (sealed, otp_key) = signing.as_ref().map(|it| (&it.sealed[..], &it.otp_key)).unzip();
    failpoint::reach("before-command");
    let permission = send_permission(worker, state, claim, &allowed.opening);
    let timeout = worker.opening.command_timeout;
    let (site, action) = (allowed.integration.site.clone(), allowed.action);
    let (lock_id, iq_id) = (prepared.lock_id, prepared.iq_id.as_str());
    tracing::debug!(%lock_id, iq_id, ?action, deadline = %permission.send_before, "sending");
    let sent_at = Instant::now();
    let mut renewal = Renewal {
        worker,
        state: &mut *state,
        claim: &mut *claim,
        allowed: &mut *allowed,
        rests_on: RestsOn { prepared: &prepared, sealed_activation: sealed },
        refusal: None,
    };
    let answer = match action {
        DoorAction::Open => site.open(&prepared, otp_key, permission, timeout, &mut renewal).await,
        DoorAction::Probe | DoorAction::Nothing => {
            site.rehearse(&prepared, otp_key, permission, timeout, &mut renewal).await
        }
    };
    let refusal = renewal.refusal;
    metrics::command(sent_at.elapsed(), answer.as_ref().err());
    failpoint::reach("after-command");

    let integration = &allowed.integration;
    let iq = IqRef { integration_id: &integration.rules.id, iq_id: &prepared.iq_id };
    let subject = OtpSubject {
        iq,
        sealed: sealed.unwrap_or_default(),
        traceparent: state.request.traceparent.as_deref(),
        rehearsal: claim.rehearsal,
    };
    let iq_id = prepared.iq_id.clone();
    match answer {
        Ok(()) => {
            if claim.rejected_otps > 0 || signing.as_ref().is_some_and(Signing::is_degraded) {
                worker.record_verdict(subject, OtpVerdict::Accepted).await;
            }
            CommandResult::Accepted(OpenedLock::accepted(lock_id, iq_id, sent_at))
        }
        Err(error) if error.cause == Cause::Withdrawn => {
            tracing::info!(iq_id, why = refusal, %error, "command withdrawn");
            CommandResult::Withdrawn
        }
        Err(error) => {
            let failed = failed_attempt(worker, allowed, &prepared, subject, error).await;
            CommandResult::NotOpened { failed, iq_id: Some(iq_id) }
        }
    }
}

/// Records what a failed command says about the IQ, and returns what it says about its request. A rehearsal
/// asks nothing of the lock.
async fn failed_attempt(
    worker: &Arc<Worker>,
    allowed: &AllowedOpening,
    prepared: &PreparedLock,
    subject: OtpSubject<'_>,
    error: OpenError,
) -> FailedAttempt {
    let AllowedOpening { integration, action, .. } = allowed;
    // A command without a one-time password says nothing about secret and PIN.
    let was_signed = !subject.sealed.is_empty();
    let is_about_the_otp =
        is_about_the_otp(error.cause) && (was_signed || error.cause == Cause::OtpBlocked);
    let error = if error.written && is_about_the_otp {
        let rejected = RejectedOtp { prepared, subject, is_open: *action == DoorAction::Open };
        explain(worker, integration, rejected, error).await
    } else {
        if error.written {
            worker.record_last_error(subject.iq, &error);
        }
        error
    };
    if !subject.rehearsal
        && let Some(failed) = privacy_attempt(worker, integration, prepared.lock_id, &error).await
    {
        return failed;
    }
    error.into()
}
