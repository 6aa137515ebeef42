//! `postern iq activate`: stores the secret of an IQ, gets its PIN, and has Salto check both.

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

use super::{otp_results::OtpResults, target::IqArguments};
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::{output::print_note, secret_input},
};

const ALREADY_ACTIVATED: &str = "\
This user was activated at the IQ before, by another program or in Salto's app, and postern does not
have the secret of that activation. There are three solutions:
  1. Secret and PIN are known, from another program or a backup: postern iq adopt stores them.
  2. Have Salto (or the administrator of the site in Salto KS) reset this user's activation at this
     IQ, then run postern iq activate again. The program that has opened doors as this user so far
     can no longer do so.
  3. Use another system user, which was never activated at this IQ: set its username and password in
     the integration, then run postern iq activate again.";

/// Arguments of `iq activate`.
///
/// The PIN is never an argument, because every user of the machine can see arguments.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Salto gives out the IQ's secret once and sends the PIN by mail (to some tenants by SMS; for some it is \
in the answer, which postern then uses). Both are stored in Redis, encrypted with secrets.key. After \
an interruption run the same command again: it continues where it was.

Where two operators activate the same IQ at the same time, one of the commands fails and must be run \
again.

Examples:
  postern iq activate --integration acme --iq 0f7b2c1e-…
  postern iq activate --integration acme --iq 0f7b2c1e-… --pin-file /run/secrets/pin")]
pub(crate) struct ActivateArguments {
    #[command(flatten)]
    target: IqArguments,
    /// Read the PIN from this file instead of standard input; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    pin_file: Option<PathBuf>,
    /// Have Salto check the PIN even while the user is blocked after wrong one-time passwords.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: OutputFlag,
}

/// Starts or continues the activation.
pub(super) async fn run(
    arguments: ActivateArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let target = arguments.target.find_to_store(settings).await?;
    proceed(&OtpResults::of(&target, arguments.force), arguments.pin_file.as_deref())
        .await
        .with_context(|| format!("IQ {} is not activated yet", target.iq))?;
    target.print_activated(arguments.output, "IQ is activated")
}

async fn proceed(results: &OtpResults<'_>, pin_file: Option<&Path>) -> anyhow::Result<()> {
    let OtpResults { access, iq, .. } = results;
    let (site, activations) = (&access.site, &access.activations);
    let step = match activation::begin(site, activations, iq).await {
        Ok(step) => step,
        Err(error) => return Err(record_failure(results, error).await),
    };
    let pin = match (step, pin_file) {
        (Step::Done, _) => {
            print_note(
                "nothing to do: the IQ is already activated (if Salto has reset the activation since, \
                 run `postern iq forget` first)",
            );
            return Ok(());
        }
        (Step::PinMailed | Step::PinAwaited | Step::PinShown | Step::PinKnown, Some(file)) => {
            print_note("the IQ's secret is stored; reading the PIN from the file");
            Some(secret_input::read_pin(Some(file)).await?)
        }
        (Step::PinShown, None) => {
            show_pin(results).await?;
            None
        }
        (Step::PinKnown, None) => {
            print_note("the IQ's secret and PIN are stored");
            None
        }
        (Step::PinMailed, None) => {
            print_note(
                "the IQ's secret is stored; Salto sends the PIN to the account's user by mail",
            );
            Some(secret_input::read_pin(None).await?)
        }
        (Step::PinAwaited, None) => {
            print_note(
                "the IQ's secret is stored, and an earlier run requested the PIN: it is in the mail \
                 that Salto sent then",
            );
            Some(secret_input::read_pin(None).await?)
        }
    };
    results.refuse_while_blocked().await?;
    print_note("having Salto check secret and PIN");
    match activation::finish(site, activations, iq, pin).await {
        Ok(()) => {
            record_success(results).await;
            Ok(())
        }
        Err(error) => Err(record_failure(results, error).await),
    }
}

/// Records the failure, and returns it with the advice for it.
async fn record_failure(results: &OtpResults<'_>, error: ActivateError) -> anyhow::Error {
    match &error {
        ActivateError::Call(error) => {
            results.record_error(error.cause, error.to_string(), None).await;
            return results.access.error_with_advice(error).await;
        }
        ActivateError::PinRefused => {
            results
                .record_error(Cause::OtpInvalid, "Salto does not accept the PIN".to_owned(), None)
                .await;
        }
        ActivateError::AlreadyActivatedAtSalto => print_note(ALREADY_ACTIVATED),
        ActivateError::PinMalformed
        | ActivateError::PinMissing
        | ActivateError::NotStarted
        | ActivateError::Changed
        | ActivateError::Store(_) => {}
    }
    error.into()
}

/// Shows the PIN from Salto's answer, on a terminal only: standard error may be written to a file.
async fn show_pin(results: &OtpResults<'_>) -> anyhow::Result<()> {
    let OtpResults { access, iq, .. } = results;
    let stored = access.activations.get(access.site.integration_id(), iq).await?;
    match stored.and_then(|stored| stored.activation.pin) {
        Some(pin) if io::stderr().is_terminal() => print_note(&format!(
            "the IQ's secret is stored; so is the PIN from Salto's answer: {}",
            pin.expose_secret()
        )),
        Some(_) | None => {
            print_note("the IQ's secret is stored, and so is the PIN from Salto's answer")
        }
    }
    Ok(())
}

/// Records that Salto accepts the stored secret and PIN. A failure of this is only a note, because the
/// IQ is activated.
async fn record_success(results: &OtpResults<'_>) {
    let OtpResults { access, iq, .. } = results;
    match access.activations.get(access.site.integration_id(), iq).await {
        Ok(Some(stored)) => results.record_accepted(&stored).await,
        Ok(None) => {}
        Err(error) => print_note(&format!(
            "warning: the success could not be stored for the workers: {error}"
        )),
    }
}
