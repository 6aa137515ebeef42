//! `postern iq activate`: has an IQ's secret stored, gets its PIN, and proves both to Salto.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use consumer::Settings;
use salto::{
    Cause,
    activation::{self, ActivateError, Step},
};
use secrecy::ExposeSecret;

use super::{Target, tally::Tally};
use crate::cli::{args::Printing, failure::Failure, output::note, typed};

const WAYS_OUT: &str = "\
This user was activated at the IQ before, by another program or in Salto's app, and the secret from
then is not here. There are three ways out:
  1. Secret and PIN are known, from another program or a backup: postern iq adopt takes them over.
  2. Have Salto (or whoever administers the site in Salto KS) reset this user's activation at this
     IQ, then run postern iq activate again. The program that opens doors as this user so far can no
     longer.
  3. Use another system user, that was never activated at this IQ: put its username and password
     into the integration, then run postern iq activate again.";

/// Arguments of `iq activate`.
///
/// The PIN is never an argument: arguments are seen by everybody on the machine.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Salto gives the IQ's secret once and sends the PIN by mail (some tenants: SMS; some show it at once, \
then it is taken from there). Both are kept in Redis, encrypted under secrets.key. After an \
interruption run the same command again: it goes on where it was.

Where two people activate the same IQ at once, one of them is told so, and runs it again.

Examples:
  postern iq activate --integration acme --iq 0f7b2c1e-…
  postern iq activate --integration acme --iq 0f7b2c1e-… --pin-file /run/secrets/pin")]
pub(in crate::cli) struct Activate {
    #[command(flatten)]
    target: Target,
    /// Read the PIN from this file instead of standard input; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    pin_file: Option<PathBuf>,
    /// Prove the PIN also while the user is blocked after wrong one-time passwords.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    printing: Printing,
}

/// Activates, or goes on with an activation.
pub(super) async fn run(activate: Activate, settings: &Settings) -> Result<(), Failure> {
    let at = activate.target.find_to_store(settings).await?;
    proceed(&at.tally(activate.force), activate.pin_file.as_deref())
        .await
        .with_context(|| format!("IQ {} is not activated yet", at.iq))?;
    at.activated(activate.printing, "IQ is activated")
}

async fn proceed(tally: &Tally<'_>, pin_file: Option<&Path>) -> anyhow::Result<()> {
    let Tally { access, iq, .. } = tally;
    let (site, activations) = (&access.site, &access.activations);
    let begun = match activation::begin(site, activations, iq).await {
        Ok(step) => step,
        Err(error) => return Err(told(tally, error).await),
    };
    let pin = match (begun, pin_file) {
        (Step::Done, _) => {
            note(
                "nothing to do: it was activated before (where Salto has reset the activation since, \
                 run `postern iq forget` first)",
            );
            return Ok(());
        }
        (Step::PinMailed | Step::PinAwaited | Step::PinShown | Step::PinKnown, Some(file)) => {
            note("the IQ's secret is stored; taking the PIN from the file");
            Some(typed::take_pin(Some(file)).await?)
        }
        (Step::PinShown, None) => {
            show_pin(tally).await?;
            None
        }
        (Step::PinKnown, None) => {
            note("the IQ's secret and PIN are stored");
            None
        }
        (Step::PinMailed, None) => {
            note("the IQ's secret is stored; Salto sends the PIN to the account's user by mail");
            Some(typed::take_pin(None).await?)
        }
        (Step::PinAwaited, None) => {
            note(
                "the IQ's secret is stored, and the PIN was asked for in an earlier run: it is in \
                 the mail from then",
            );
            Some(typed::take_pin(None).await?)
        }
    };
    tally.refuse_while_blocked().await?;
    note("proving secret and PIN to Salto");
    match activation::finish(site, activations, iq, pin).await {
        Ok(()) => {
            tell(tally).await;
            Ok(())
        }
        Err(error) => Err(told(tally, error).await),
    }
}

/// Takes note of what went wrong, and says what to do about it.
async fn told(tally: &Tally<'_>, error: ActivateError) -> anyhow::Error {
    match &error {
        ActivateError::Call(error) => {
            tally.note(error.cause, error.to_string(), None).await;
            return tally.access.refusal(error).await;
        }
        ActivateError::PinRefused => {
            tally.note(Cause::OtpInvalid, "Salto does not accept the PIN".to_owned(), None).await;
        }
        ActivateError::AlreadyActivatedAtSalto => note(WAYS_OUT),
        ActivateError::PinMalformed
        | ActivateError::PinMissing
        | ActivateError::NotStarted
        | ActivateError::Changed
        | ActivateError::Store(_) => {}
    }
    error.into()
}

/// Shows the PIN that Salto has shown, to a person: what is written to a file stays there.
async fn show_pin(tally: &Tally<'_>) -> anyhow::Result<()> {
    let Tally { access, iq, .. } = tally;
    let stored = access.activations.get(access.site.integration_id(), iq).await?;
    match stored.and_then(|stored| stored.activation.pin) {
        Some(pin) if io::stderr().is_terminal() => note(&format!(
            "the IQ's secret is stored; Salto shows the PIN, which is stored too: {}",
            pin.expose_secret()
        )),
        Some(_) | None => note("the IQ's secret is stored, and the PIN that Salto has shown"),
    }
    Ok(())
}

/// Takes note that Salto accepts what is stored now. The IQ is activated, whatever becomes of that.
async fn tell(tally: &Tally<'_>) {
    let Tally { access, iq, .. } = tally;
    match access.activations.get(access.site.integration_id(), iq).await {
        Ok(Some(stored)) => tally.proven(&stored).await,
        Ok(None) => {}
        Err(error) => note(&format!("the workers could not be told of it: {error}")),
    }
}
