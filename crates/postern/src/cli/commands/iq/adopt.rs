//! `postern iq adopt`: stores a secret and a PIN that are known from another program.

use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use consumer::Settings;
use salto::{
    Activation, ActivationState, Cause,
    activation::{KEEP_PIN, Stored},
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    otp_attempts::{OtpAttempts, OtpInput},
    otp_results::OtpResults,
    target::IqArguments,
};
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::{output::print_note, secret_input},
};

/// The length of Salto's secrets (docs/salto-ks.md, Connect API).
const SECRET_LENGTH: usize = 16;

/// Arguments of `iq adopt`.
///
/// Secret and PIN are never arguments, because every user of the machine can see arguments.
#[derive(Debug, Args)]
#[command(after_long_help = "\
For an IQ at which the system user was activated with another program, where secret and PIN are known, \
because Salto gives out the secret only once. Salto checks both, without touching a door, before they \
are stored. A working activation is only overwritten with --force.

Without files, secret and PIN are read from standard input, one line each, in this order.

Examples:
  postern iq adopt --integration acme --iq 0f7b2c1e-…
  postern iq adopt --integration acme --iq 0f7b2c1e-… --secret-file s --pin-file p")]
pub(crate) struct AdoptArguments {
    #[command(flatten)]
    target: IqArguments,
    /// Read the secret from this file; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    secret_file: Option<PathBuf>,
    /// Read the PIN from this file; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    pin_file: Option<PathBuf>,
    /// Overwrite a working activation; try even while the user is blocked, or where one more rejection
    /// could block it.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: OutputFlag,
}

/// Has Salto check secret and PIN, and stores them.
pub(super) async fn run(
    arguments: AdoptArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let target = arguments.target.find_to_store(settings).await?;
    let before = target.access.activations.get(target.integration_id, &target.iq).await;
    let before = before.context("the stored activation cannot be read")?;
    if !arguments.force {
        refuse_where_it_works(before.as_ref())?;
    }
    let (secret, pin) = read_secret_and_pin(&arguments).await?;
    let attempts = OtpAttempts::begin(OtpResults::of(&target, arguments.force)).await?;
    let adopted = check_and_store(&attempts, before.as_ref(), secret, pin).await;
    attempts.end().await;
    adopted?;
    target.print_activated(
        arguments.output,
        "Salto accepts secret and PIN, and they are stored: the IQ is activated",
    )
}

async fn check_and_store(
    attempts: &OtpAttempts<'_>,
    before: Option<&Stored>,
    secret: SecretString,
    pin: SecretString,
) -> anyhow::Result<()> {
    let OtpResults { access, iq, .. } = &attempts.results;
    print_note("having Salto check secret and PIN");
    let input = OtpInput { secret: &secret, pin: &pin, of: None };
    if let Err(error) = attempts.send(&input, KEEP_PIN).await? {
        return Err(refused(&error));
    }
    let (integration_id, adopted) = (access.site.integration_id(), Activation::proven(secret, pin));
    let stored = access.activations.replace(integration_id, iq, before, &adopted).await;
    let stored = stored.context("Salto accepts secret and PIN, but they cannot be stored")?;
    let stored = stored.context(
        "Salto accepts secret and PIN, but another command changed this IQ's activation at the same \
         time, and nothing was stored; check `postern iq list`, and run this command again",
    )?;
    attempts.results.record_accepted(&stored).await;
    Ok(())
}

fn refuse_where_it_works(before: Option<&Stored>) -> anyhow::Result<()> {
    match before.map(|before| before.activation.state) {
        Some(ActivationState::Activated) => bail!(
            "this IQ is activated here and works, as far as is known (`postern iq probe` checks it); \
             give --force to overwrite its secret and PIN"
        ),
        Some(
            ActivationState::NotActivated
            | ActivationState::PendingPin
            | ActivationState::Degraded
            | ActivationState::ReactivationRequired,
        )
        | None => Ok(()),
    }
}

async fn read_secret_and_pin(
    arguments: &AdoptArguments,
) -> anyhow::Result<(SecretString, SecretString)> {
    let secret = secret_input::read("secret", arguments.secret_file.as_deref()).await?;
    let length = secret.expose_secret().chars().count();
    if length == 0 || secret.expose_secret().chars().any(char::is_whitespace) {
        bail!("the secret of an IQ is {SECRET_LENGTH} characters without spaces");
    }
    if length != SECRET_LENGTH {
        print_note(&format!(
            "warning: the secret has {length} characters; Salto's have {SECRET_LENGTH}"
        ));
    }
    Ok((secret, secret_input::read_pin(arguments.pin_file.as_deref()).await?))
}

fn refused(error: &salto::CallError) -> anyhow::Error {
    if error.cause == Cause::OtpInvalid {
        return anyhow!(
            "Salto does not accept this secret with this PIN ({error}); nothing was stored. Check \
             both, the otp_scheme of the integration, and the clock; a few wrong ones in a row \
             block the user for about 20 minutes"
        );
    }
    anyhow!("{error}; nothing was stored")
}
