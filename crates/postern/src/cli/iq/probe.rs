//! `postern iq probe`: has Salto look at a one-time password, without touching a door.

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use consumer::Settings;
use salto::{
    ActivationState, CallError, Cause,
    activation::{KEEP_PIN, Stored},
};
use secrecy::SecretString;
use serde::Serialize;

use super::{
    Target,
    attempts::{Attempts, Proof},
    tally::Tally,
};
use crate::cli::{args::Printing, failure::Failure, output::Output, site_access::SiteAccess};

/// Arguments of `iq probe`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Signs the call that moves a PIN, and moves it by 0000, which is nothing: Salto then checks the \
one-time password and touches no door. The answer counts like that of an open command: a rejected \
one is counted, three in a row degrade the activation; a good one ends all trouble there was.

Salto blocks the user after a few wrong ones, so this refuses while the user is blocked, and where \
two or more were rejected in a row, unless --force is given.

Exit status: 0 where Salto accepts the one-time password, else 1.

Examples:
  postern iq probe --integration acme --iq 0f7b2c1e-…")]
pub(in crate::cli) struct Probe {
    #[command(flatten)]
    target: Target,
    /// Ask also while the user is blocked, or where one more rejection could block it.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Serialize)]
struct Probed<'a> {
    integration_id: &'a str,
    iq_id: &'a str,
    accepted: bool,
    /// What Salto said, in a word.
    answer: &'static str,
    /// What that means, and what to do.
    meaning: String,
    /// Our activation's, after the answer.
    state: &'static str,
    rejected_in_a_row: u32,
    blocked_until: Option<DateTime<Utc>>,
}

/// Asks and tells.
pub(super) async fn run(probe: Probe, settings: &Settings) -> Result<(), Failure> {
    let at = probe.target.find(settings).await?;
    let attempts = Attempts::begin(at.tally(probe.force)).await?;
    let answer = ask(&attempts).await;
    let standing = attempts.tally.standing().await;
    attempts.end().await;
    let (answer, standing) = (answer?, standing?);
    let state = read(&at.access, &at.iq).await?.map(|stored| stored.activation.state);
    let state = state.unwrap_or(ActivationState::NotActivated);
    let (code, meaning) = told(answer.as_ref().err());
    let probed = Probed {
        integration_id: at.integration_id,
        iq_id: &at.iq,
        accepted: answer.is_ok(),
        answer: code,
        meaning,
        state: state.code(),
        rejected_in_a_row: standing.rejected_in_a_row,
        blocked_until: standing.blocked_until,
    };
    Output::new(probe.printing).one(&probed, || probed.meaning.clone())?;
    if probed.accepted { Ok(()) } else { Err(Failure::Told) }
}

async fn ask(attempts: &Attempts<'_>) -> anyhow::Result<Result<(), CallError>> {
    let Tally { access, iq, .. } = &attempts.tally;
    let stored = read(access, iq).await?;
    let stored = stored.context("postern keeps no secret and PIN of this IQ: `postern iq list`")?;
    let (secret, pin) = (&stored.activation.secret, to_probe(&stored)?);
    let answer = attempts.make(&Proof { secret, pin, of: Some(&stored) }, KEEP_PIN).await?;
    if answer.is_ok() {
        attempts.tally.proven(&stored).await;
    }
    Ok(answer)
}

async fn read(access: &SiteAccess<'_>, iq: &str) -> anyhow::Result<Option<Stored>> {
    let stored = access.activations.get(access.site.integration_id(), iq).await;
    stored.context("the stored activation cannot be read")
}

/// The PIN to be looked at.
fn to_probe(stored: &Stored) -> anyhow::Result<&SecretString> {
    let activation = &stored.activation;
    if activation.new_pin.is_some() {
        bail!(
            "a change of the PIN was interrupted: run `postern iq set-pin` again, which finds out \
             which PIN counts"
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

/// The answer in a word, and what it means.
fn told(error: Option<&CallError>) -> (&'static str, String) {
    let Some(error) = error else {
        let meaning = "Salto accepts the one-time password: secret, PIN and clock are right (what \
                       else a door needs, `postern doctor` looks at)";
        return ("accepted", meaning.to_owned());
    };
    let (code, advice) = match error.cause {
        Cause::OtpInvalid => (
            "otp_invalid",
            "Look at the clock of this machine first, then whether somebody has changed the PIN or \
             activated the user in Salto's app, which makes another secret. Where secret and PIN \
             are known: `postern iq adopt`; else have Salto reset the user's activation at this IQ, \
             then `postern iq forget` and `postern iq activate`. Do not just try again: Salto blocks the user",
        ),
        Cause::OtpBlocked => (
            "otp_blocked",
            "Nothing is sent to this IQ for 25 minutes. Find out meanwhile why one-time passwords \
             were rejected, then probe again",
        ),
        Cause::NotActivated => (
            "not_activated",
            "The activation was reset on Salto's side: `postern iq forget`, then `postern iq \
             activate`",
        ),
        Cause::IqOffline => (
            "iq_offline",
            "See to the power and the network of the IQ. Nothing is known of secret and PIN",
        ),
        Cause::IqNotFound => ("iq_not_found", "`postern iq list` shows what the site has"),
        Cause::SiteNotFound => ("site_not_found", "`postern site list` shows the account's sites"),
        Cause::Forbidden => (
            "forbidden",
            "See to the rights of the system user at the site: it needs remote access and must not \
             be blocked",
        ),
        Cause::TokenRejected => {
            ("sign_in_failed", "Nothing is known of secret and PIN; `postern doctor` tells more")
        }
        Cause::CredentialsRejected => (
            "sign_in_failed",
            "Correct user name, password, client id or client secret in the configuration",
        ),
        Cause::NotSignedIn => ("sign_in_failed", "`postern login` lets somebody sign in"),
        Cause::RateLimited => ("rate_limited", "Wait a moment, then probe again"),
        Cause::Unavailable | Cause::BreakerOpen => {
            ("unavailable", "Nothing is known of secret and PIN; probe again later")
        }
        Cause::Unanswered => (
            "unanswered",
            "It is not known whether Salto looked at the one-time password; probe again later",
        ),
        Cause::Cache => ("redis_away", "See to Redis, then probe again"),
        // Not of this call.
        Cause::LockNotFound | Cause::AlreadyActivated | Cause::Expired => {
            ("other", "An answer nobody has seen yet to this call")
        }
    };
    (code, format!("{error}. {advice}"))
}
