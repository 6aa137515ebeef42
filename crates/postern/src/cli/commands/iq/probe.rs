//! `postern iq probe`: has Salto's cloud check a one-time password, without touching a door.

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use consumer::Settings;
use operations::connections::site_access::SiteAccess;
use salto::{
    ActivationState, CallError,
    activation::{KEEP_PIN, Stored},
};
use secrecy::SecretString;
use serde::Serialize;

use super::{
    probe_answer::ProbeAnswer,
    target::{IqArguments, TargetIq},
};
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    otp_attempts::{
        attempts::{OtpAttempts, OtpInput},
        results::OtpResults,
    },
    site_state::{iq_overview::iq_overview, next_step::next_step},
    terminal::output::Output,
};

/// Arguments of `iq probe`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Sends the call that changes a PIN, with the change 0000, which keeps the PIN: Salto's cloud checks the \
one-time password and touches no door. The IQ, which checks those of open commands, is not asked: only an \
opening proves a door (postern lock open). The answer counts like that of an open command: a rejection is \
counted, and three in a row degrade the activation; an accepted one resets the count, the degraded \
state and the block.

Salto blocks the user after a few rejections, so the command fails while the user is blocked, and \
where two or more were rejected in a row, unless --force is given.

Exit status: 0 where Salto accepts the one-time password, else 1.

Examples:
  postern iq probe --integration acme --iq 0f7b2c1e-…")]
pub(crate) struct ProbeArguments {
    #[command(flatten)]
    target: IqArguments,
    /// Probe even while the user is blocked, or where one more rejection could block it.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: OutputFlag,
}

#[derive(Serialize)]
struct ProbeResult<'a> {
    integration_id: &'a str,
    iq_id: &'a str,
    iq_name: Option<&'a str>,
    accepted: bool,
    /// Salto's answer, as a code.
    answer: &'static str,
    /// What it means, and what to do.
    meaning: String,
    /// The state of the stored activation after the answer.
    state: &'static str,
    rejected_in_a_row: u32,
    blocked_until: Option<DateTime<Utc>>,
}

/// Sends the probe and prints the answer.
pub(super) async fn run(
    arguments: ProbeArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let target = arguments.target.find(settings).await?;
    let attempts =
        OtpAttempts::begin(OtpResults::new(&target.access, &target.iq, arguments.force)).await?;
    let answer = send(&attempts).await;
    let status = attempts.results.otp_status().await;
    attempts.end().await;
    let (answer, status) = (answer?, status?);
    let state = read(&target.access, &target.iq).await?.map(|stored| stored.activation.state);
    let state = state.unwrap_or(ActivationState::NotActivated);
    let ProbeAnswer { code, meaning } = match &answer {
        Ok(()) => ProbeAnswer::accepted(),
        Err(error) => ProbeAnswer::refused(error, step_of_state(&target).await),
    };
    let result = ProbeResult {
        integration_id: target.integration_id,
        iq_id: &target.iq,
        iq_name: target.iq_name.as_deref(),
        accepted: answer.is_ok(),
        answer: code,
        meaning,
        state: state.code(),
        rejected_in_a_row: status.rejected_in_a_row,
        blocked_until: status.blocked_until,
    };
    Output::new(arguments.output).print(&result, || result.meaning.clone())?;
    if result.accepted { Ok(()) } else { Err(CommandFailure::AlreadyReported) }
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
