//! Step 4: send one command, or its rehearsal, or say why none was sent.

use std::{sync::Arc, time::Instant};

use rules::FailedReason;
use salto::{Activation, ActivationState, Cause, OpenError, OtpKey, PreparedLock};

use super::{
    claim::ClaimedRequest,
    command_result::CommandResult,
    context::Context,
    decide::{AllowedOpening, DoorAction},
    failed_attempt::FailedAttempt,
    prepare::{prepare, renew_beside},
    privacy_mode::privacy_attempt,
    renewal::{Renewal, RestsOn},
    request_state::RequestState,
    send_permission::send_permission,
    wait_reason::WaitReason,
};
use crate::{
    background::iq_restore,
    failpoint,
    integrations::registry::Integration,
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
    activation_state: ActivationState,
    sealed_activation: Vec<u8>,
    otp_key: OtpKey,
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
    let Context { worker, session } = context;
    let AllowedOpening { integration, opening, action } = allowed;
    let claim = &*claimed.claim;
    let not_opened = |failed, iq_id| Err(CommandResult::NotOpened { failed, iq_id });
    if !claim.pause.is_zero() {
        return not_opened(FailedAttempt::paused(claim.pause), None);
    }
    renew_beside(worker, integration);
    let prepared = match (&claimed.prepared, integration.site.ready(opening.lock_id)) {
        (Some(claimed_for), Some(ready)) if claimed_for.iq_id == ready.iq_id => ready,
        // The next claim is for this IQ.
        (Some(_) | None, Some(_)) => return Err(CommandResult::Prepared),
        (Some(_) | None, None) => {
            return Err(prepare(context, integration, state, claimed, opening).await);
        }
    };
    let iq_id = || Some(prepared.iq_id.clone());
    if !claim.blocked.is_zero() {
        return not_opened(FailedAttempt::blocked_iq(claim.blocked), iq_id());
    }
    let (activation, sealed) = match activation(worker, integration, claim, &prepared.iq_id) {
        Ok(activation) => activation,
        Err(failed) => return not_opened(failed, iq_id()),
    };
    let Some(otp_key) = activation.otp_key(integration.site.otp_scheme()) else {
        return not_opened(unusable(activation.state), iq_id());
    };
    if *action == DoorAction::Nothing {
        return Err(CommandResult::Rehearsed { iq_id: prepared.iq_id });
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
    let (activation_state, sealed_activation) = (activation.state, sealed.to_vec());
    Ok(ReservedCommand { prepared, activation_state, sealed_activation, otp_key })
}

/// Sends a reserved command, and records what its answer says about the IQ.
async fn send(
    worker: &Arc<Worker>,
    state: &mut RequestState,
    claim: &mut Claim,
    allowed: &mut AllowedOpening,
    command: ReservedCommand,
) -> CommandResult {
    let ReservedCommand { prepared, activation_state, sealed_activation, otp_key } = command;
    failpoint::reach("before-command");
    let permission = send_permission(worker, state, claim, &allowed.opening);
    let timeout = worker.opening.command_timeout;
    let (site, action) = (allowed.integration.site.clone(), allowed.action);
    let (lock_id, iq_id, deadline) =
        (prepared.lock_id, prepared.iq_id.as_str(), permission.send_before);
    tracing::debug!(%lock_id, iq_id, ?action, %deadline, "sending");
    let sent_at = Instant::now();
    let mut renewal = Renewal {
        worker,
        state: &mut *state,
        claim: &mut *claim,
        allowed: &mut *allowed,
        rests_on: RestsOn { prepared: &prepared, sealed_activation: &sealed_activation },
        refusal: None,
    };
    let answer = match action {
        DoorAction::Open => site.open(&prepared, &otp_key, permission, timeout, &mut renewal).await,
        DoorAction::Probe | DoorAction::Nothing => {
            site.rehearse(&prepared, &otp_key, permission, timeout, &mut renewal).await
        }
    };
    let refusal = renewal.refusal;
    metrics::command(sent_at.elapsed(), answer.as_ref().err());
    failpoint::reach("after-command");

    let integration = &allowed.integration;
    let iq = IqRef { integration_id: &integration.rules.id, iq_id: &prepared.iq_id };
    let subject = OtpSubject {
        iq,
        sealed: &sealed_activation,
        traceparent: state.request.traceparent.as_deref(),
        rehearsal: claim.rehearsal,
    };
    let iq_id = prepared.iq_id.clone();
    match answer {
        Ok(()) => {
            if claim.rejected_otps > 0 || activation_state == ActivationState::Degraded {
                worker.record_verdict(subject, OtpVerdict::Accepted).await;
            }
            CommandResult::accepted(iq_id, sent_at)
        }
        Err(error) if error.cause == Cause::Withdrawn => {
            tracing::info!(iq_id, why = refusal, %error, "command withdrawn");
            CommandResult::Withdrawn
        }
        Err(error) => {
            let failed = failed_attempt(worker, allowed, subject, error).await;
            CommandResult::NotOpened { failed, iq_id: Some(iq_id) }
        }
    }
}

/// Records what a failed command says about the IQ, before anything else: other workers must know it
/// before they send their next command.
async fn record_failure(
    worker: &Arc<Worker>,
    integration: &Arc<Integration>,
    subject: OtpSubject<'_>,
    error: &OpenError,
) {
    if error.cause == Cause::OtpBlocked {
        worker.record_verdict(subject, OtpVerdict::Blocked).await;
    } else if error.cause == Cause::OtpInvalid {
        worker.record_verdict(subject, OtpVerdict::Invalid).await;
        iq_restore::check_beside(worker, integration);
    }
    if error.written {
        worker.record_last_error(subject.iq, error);
    }
}

/// Records what a failed command says about the IQ, and returns what it says about its request. A rehearsal
/// asks nothing of the lock.
async fn failed_attempt(
    worker: &Arc<Worker>,
    allowed: &AllowedOpening,
    subject: OtpSubject<'_>,
    error: OpenError,
) -> FailedAttempt {
    let AllowedOpening { integration, opening, .. } = allowed;
    record_failure(worker, integration, subject, &error).await;
    if !subject.rehearsal
        && let Some(failed) = privacy_attempt(worker, integration, opening.lock_id, &error).await
    {
        return failed;
    }
    error.into()
}

/// The IQ's activation as the claim loaded it, opened and sealed.
fn activation<'a>(
    worker: &Worker,
    integration: &Integration,
    claim: &'a Claim,
    iq_id: &str,
) -> Result<(Activation, &'a [u8]), FailedAttempt> {
    let sealed =
        claim.activation.as_deref().ok_or_else(|| unusable(ActivationState::NotActivated))?;
    let place = salto::activation::activations_key(&worker.key_prefix, &integration.rules.id);
    let activation =
        Activation::unseal(&worker.sealer, &place, iq_id, sealed).map_err(|error| {
            tracing::error!(%error, iq_id, "a stored activation cannot be read");
            let detail = "the stored activation of the IQ cannot be decrypted";
            FailedAttempt::without_command(FailedReason::IqNotActivated, detail)
        })?;
    Ok((activation, sealed))
}

/// An activation in this state signs no commands.
fn unusable(state: ActivationState) -> FailedAttempt {
    match state {
        ActivationState::ReactivationRequired => FailedAttempt::without_command(
            FailedReason::IqReactivationRequired,
            "the IQ's secret and PIN no longer count: it must be activated anew",
        ),
        ActivationState::NotActivated
        | ActivationState::PendingPin
        | ActivationState::Activated
        | ActivationState::Degraded => FailedAttempt::without_command(
            FailedReason::IqNotActivated,
            "the IQ is not activated: run `postern iq activate`",
        ),
    }
}
