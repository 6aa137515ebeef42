//! Step 4: send one command, or its rehearsal, or say why none was sent.

use std::{sync::Arc, time::Instant};

use chrono::Utc;
use rules::{FailedReason, Opening};
use salto::{Activation, ActivationState, Cause, OpenError, OtpKey, PreparedLock};

use super::{
    claim::ClaimedRequest,
    command_result::CommandResult,
    context::Context,
    decide::DoorAction,
    failed_attempt::FailedAttempt,
    prepare::{prepare, renew_beside},
    request_state::RequestState,
    send_deadline::send_deadline,
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

/// The door that the rules allow to open, and what is done there.
pub(super) struct AllowedOpening {
    pub(super) integration: Arc<Integration>,
    pub(super) opening: Opening,
    pub(super) action: DoorAction,
}

/// A reserved command, with everything that it needs.
struct ReservedCommand<'a> {
    allowed: &'a AllowedOpening,
    prepared: &'a PreparedLock,
    claim: &'a Claim,
    activation: &'a Activation,
    sealed_activation: &'a [u8],
    otp_key: OtpKey,
}

/// Opens the door, with one command at most, where the claim has reserved a command.
pub(super) async fn open(
    context: Context<'_>,
    state: &RequestState,
    claimed: &ClaimedRequest,
    allowed: &AllowedOpening,
) -> CommandResult {
    let Context { worker, session } = context;
    let AllowedOpening { integration, opening, action } = allowed;
    let claim = &*claimed.claim;
    let not_opened = |failed, iq_id| CommandResult::NotOpened { failed, iq_id };
    if !claim.pause.is_zero() {
        return not_opened(FailedAttempt::paused(claim.pause), None);
    }
    renew_beside(worker, integration);
    let prepared = match (&claimed.prepared, integration.site.ready(opening.lock_id)) {
        (Some(claimed_for), Some(ready)) if claimed_for.iq_id == ready.iq_id => ready,
        // The next claim is for this IQ.
        (Some(_) | None, Some(_)) => return CommandResult::Prepared,
        (Some(_) | None, None) => {
            return prepare(context, integration, state, claimed, opening).await;
        }
    };
    let iq_id = || Some(prepared.iq_id.clone());
    if !claim.blocked.is_zero() {
        return not_opened(FailedAttempt::blocked_iq(claim.blocked), iq_id());
    }
    let (activation, sealed_activation) =
        match activation(worker, integration, claim, &prepared.iq_id) {
            Ok(activation) => activation,
            Err(failed) => return not_opened(failed, iq_id()),
        };
    let Some(otp_key) = activation.otp_key(integration.site.otp_scheme()) else {
        return not_opened(unusable(activation.state), iq_id());
    };
    if *action == DoorAction::Nothing {
        return CommandResult::Rehearsed { iq_id: prepared.iq_id };
    }
    if claim.reservation != Reservation::Reserved {
        return match claimed.permit_wait(worker, state) {
            Some(wait) => CommandResult::Wait(wait, WaitReason::IqPermit),
            None => CommandResult::Prepared,
        };
    }
    if session.is_ended() {
        return CommandResult::Abandoned;
    }
    let (prepared, activation) = (&prepared, &activation);
    let command =
        ReservedCommand { allowed, prepared, claim, activation, sealed_activation, otp_key };
    send(worker, state, command).await
}

/// Sends a reserved command, and records what its answer says about the IQ.
async fn send(
    worker: &Arc<Worker>,
    state: &RequestState,
    command: ReservedCommand<'_>,
) -> CommandResult {
    let ReservedCommand { allowed, prepared, claim, activation, sealed_activation, otp_key } =
        command;
    let AllowedOpening { integration, opening, action } = allowed;
    failpoint::reach("before-command");
    let deadline = send_deadline(worker, state, claim, opening);
    let timeout = worker.opening.command_timeout;
    let (site, sent_at) = (&integration.site, Instant::now());
    tracing::debug!(lock_id = %opening.lock_id, iq_id = prepared.iq_id, ?action, %deadline, "sending");
    let answer = match action {
        DoorAction::Open => site.open(prepared, &otp_key, deadline, timeout).await,
        DoorAction::Probe | DoorAction::Nothing => {
            site.rehearse(prepared, &otp_key, deadline, timeout).await
        }
    };
    metrics::command(sent_at.elapsed(), answer.as_ref().err());
    failpoint::reach("after-command");

    let iq = IqRef { integration_id: &integration.rules.id, iq_id: &prepared.iq_id };
    let subject = OtpSubject {
        iq,
        sealed: sealed_activation,
        traceparent: state.request.traceparent.as_deref(),
        rehearsal: claim.rehearsal,
    };
    let iq_id = prepared.iq_id.clone();
    match answer {
        Ok(()) => {
            if claim.rejected_otps > 0 || activation.state == ActivationState::Degraded {
                worker.record_verdict(subject, OtpVerdict::Accepted).await;
            }
            CommandResult::Accepted { iq_id, opened_at: Utc::now() }
        }
        Err(error) => {
            record_failure(worker, integration, subject, &error).await;
            CommandResult::NotOpened { failed: error.into(), iq_id: Some(iq_id) }
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
