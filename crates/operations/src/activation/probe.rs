//! Has Salto's cloud check a one-time password, without touching a door.

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use salto::{
    ActivationState, CallError,
    activation::{KEEP_PIN, Stored},
};
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

use super::probe_answer::ProbeAnswer;
use crate::{
    connections::site_access::SiteAccess,
    iqs::{TargetIq, iq_overview, next_step},
    otp_attempts::{OtpAttempts, OtpInput, OtpResults},
};

/// The answer to a probe, and the state of the IQ after it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProbeResult {
    /// The id of the integration.
    pub integration_id: String,
    /// The id of the IQ.
    pub iq_id: String,
    /// Its name at Salto.
    pub iq_name: Option<String>,
    /// Whether Salto accepts the one-time password.
    pub accepted: bool,
    /// Salto's answer, as a code.
    pub answer: &'static str,
    /// What it means, and what to do.
    pub meaning: String,
    /// The state of the stored activation after the answer.
    pub state: &'static str,
    /// Consecutive rejections of one-time passwords.
    pub rejected_in_a_row: u32,
    /// No command is sent to the IQ until then.
    pub blocked_until: Option<DateTime<Utc>>,
}

/// Sends the probe. Its answer counts like that of an open command. `force`: also while the user is blocked, or where one
/// more rejection could block it.
///
/// # Errors
/// No one-time password may be sent now, nothing is stored for the IQ, or Redis does not answer.
pub async fn probe(target: &TargetIq<'_>, force: bool) -> anyhow::Result<ProbeResult> {
    let attempts = OtpAttempts::begin(OtpResults::new(&target.access, &target.iq, force)).await?;
    let answer = send(&attempts).await;
    let status = attempts.results.otp_status().await;
    attempts.end().await;
    let (answer, status) = (answer?, status?);
    let state = read(&target.access, &target.iq).await?.map(|stored| stored.activation.state);
    let state = state.unwrap_or(ActivationState::NotActivated);
    let ProbeAnswer { code, meaning } = match &answer {
        Ok(()) => ProbeAnswer::accepted(),
        Err(error) => ProbeAnswer::refused(error, step_of_state(target).await),
    };
    Ok(ProbeResult {
        integration_id: target.integration_id.to_owned(),
        iq_id: target.iq.clone(),
        iq_name: target.iq_name.clone(),
        accepted: answer.is_ok(),
        answer: code,
        meaning,
        state: state.code(),
        rejected_in_a_row: status.rejected_in_a_row,
        blocked_until: status.blocked_until,
    })
}

/// The next step for the state that the IQ is in now; nothing where there is none, or it cannot be read.
async fn step_of_state(target: &TargetIq<'_>) -> Option<String> {
    let overview = iq_overview(&target.access, &target.iq).await.ok().flatten()?;
    Some(next_step(target.integration_id, &overview)?.next)
}

async fn send(attempts: &OtpAttempts<'_>) -> anyhow::Result<Result<(), CallError>> {
    let OtpResults { access, iq, .. } = &attempts.results;
    let stored = read(access, iq).await?;
    let stored =
        stored.context("postern has stored no secret and PIN of this IQ: run `postern iq list`")?;
    let (secret, pin) = (&stored.activation.secret, pin_to_probe(&stored)?);
    let answer = attempts.send(&OtpInput { secret, pin, of: Some(&stored) }, KEEP_PIN).await?;
    if answer.is_ok() {
        attempts.results.record_accepted(&stored).await;
    }
    Ok(answer)
}

async fn read(access: &SiteAccess<'_>, iq: &str) -> anyhow::Result<Option<Stored>> {
    let stored = access.activations.get(access.site.integration_id(), iq).await;
    stored.context("the stored activation cannot be read")
}

/// The PIN that the probe uses.
fn pin_to_probe(stored: &Stored) -> anyhow::Result<&SecretString> {
    let activation = &stored.activation;
    if activation.new_pin.is_some() {
        bail!(
            "a change of the PIN was interrupted: run `postern iq set-pin` again, which finds out \
             which PIN is valid"
        );
    }
    match (activation.state, &activation.pin) {
        (ActivationState::NotActivated | ActivationState::PendingPin, _) | (_, None) => {
            bail!("the IQ is not activated yet: run `postern iq activate` again")
        }
        (
            ActivationState::Activated
            | ActivationState::Degraded
            | ActivationState::ReactivationRequired,
            Some(pin),
        ) => Ok(pin),
    }
}
