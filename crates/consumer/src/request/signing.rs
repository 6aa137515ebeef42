//! What signs a command: the activation of the IQ.

use rules::FailedReason;
use salto::{Activation, ActivationState, OtpKey, PreparedLock};

use super::failed_attempt::FailedAttempt;
use crate::{integrations::registry::Integration, state::ledger::Claim, worker::Worker};

/// What signs a command: the IQ's activation, opened and sealed.
pub(super) struct Signing {
    state: ActivationState,
    pub(super) sealed: Vec<u8>,
    pub(super) otp_key: OtpKey,
}

impl Signing {
    pub(super) fn is_degraded(&self) -> bool {
        self.state == ActivationState::Degraded
    }
}

/// What signs the command, from the activation as the claim loaded it; none where the IQ needs no one-time
/// password (docs/salto-ks.md, The OTP).
pub(super) fn signing(
    worker: &Worker,
    integration: &Integration,
    claim: &Claim,
    prepared: &PreparedLock,
) -> Result<Option<Signing>, FailedAttempt> {
    if !prepared.needs_otp {
        return Ok(None);
    }
    let iq_id = prepared.iq_id.as_str();
    let sealed =
        claim.activation.as_deref().ok_or_else(|| unusable(ActivationState::NotActivated))?;
    let place = salto::activation::activations_key(&worker.key_prefix, &integration.rules.id);
    let activation =
        Activation::unseal(&worker.sealer, &place, iq_id, sealed).map_err(|error| {
            tracing::error!(%error, iq_id, "a stored activation cannot be read");
            let detail = "the stored activation of the IQ cannot be decrypted";
            FailedAttempt::without_command(FailedReason::IqNotActivated, detail)
        })?;
    let otp_key = activation.otp_key(integration.site.otp_scheme());
    let otp_key = otp_key.ok_or_else(|| unusable(activation.state))?;
    Ok(Some(Signing { state: activation.state, sealed: sealed.to_vec(), otp_key }))
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
