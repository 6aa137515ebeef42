//! `postern iq adopt`: takes over a secret and a PIN that are known from elsewhere.

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
    Target,
    attempts::{Attempts, Proof},
    tally::Tally,
};
use crate::cli::{args::Printing, failure::Failure, output::note, typed};

/// As long as Salto's secrets are \[M\].
const SECRET_LENGTH: usize = 16;

/// Arguments of `iq adopt`.
///
/// Secret and PIN are never arguments: arguments are seen by everybody on the machine.
#[derive(Debug, Args)]
#[command(after_long_help = "\
For an IQ at which the system user was activated with another program, whose secret and PIN are \
known: Salto gives the secret out only once. Both are proven to Salto, without touching a door, \
before they are stored; an activation that works is not overwritten without --force.

Without files, secret and PIN are read from standard input, a line each, in this order.

Examples:
  postern iq adopt --integration acme --iq 0f7b2c1e-…
  postern iq adopt --integration acme --iq 0f7b2c1e-… --secret-file s --pin-file p")]
pub(in crate::cli) struct Adopt {
    #[command(flatten)]
    target: Target,
    /// Read the secret from this file; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    secret_file: Option<PathBuf>,
    /// Read the PIN from this file; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    pin_file: Option<PathBuf>,
    /// Overwrite an activation that works; try also while the user is blocked, or where one more
    /// rejection could block it.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    printing: Printing,
}

/// Proves, then stores.
pub(super) async fn run(adopt: Adopt, settings: &Settings) -> Result<(), Failure> {
    let at = adopt.target.find_to_store(settings).await?;
    let before = at.access.activations.get(at.integration_id, &at.iq).await;
    let before = before.context("the stored activation cannot be read")?;
    if !adopt.force {
        refuse_where_it_works(before.as_ref())?;
    }
    let (secret, pin) = take(&adopt).await?;
    let attempts = Attempts::begin(at.tally(adopt.force)).await?;
    let adopted = prove_and_store(&attempts, before.as_ref(), secret, pin).await;
    attempts.end().await;
    adopted?;
    at.activated(
        adopt.printing,
        "Salto accepts secret and PIN, and they are stored: IQ is activated",
    )
}

async fn prove_and_store(
    attempts: &Attempts<'_>,
    before: Option<&Stored>,
    secret: SecretString,
    pin: SecretString,
) -> anyhow::Result<()> {
    let Tally { access, iq, .. } = &attempts.tally;
    note("proving secret and PIN to Salto");
    let proof = Proof { secret: &secret, pin: &pin, of: None };
    if let Err(error) = attempts.make(&proof, KEEP_PIN).await? {
        return Err(refused(&error));
    }
    let (integration_id, adopted) = (access.site.integration_id(), Activation::proven(secret, pin));
    let stored = access.activations.replace(integration_id, iq, before, &adopted).await;
    let stored = stored.context("Salto accepts secret and PIN, but they cannot be stored")?;
    let stored = stored.context(
        "Salto accepts secret and PIN, but somebody else changed this IQ's activation at the same \
         time, and nothing was stored; look at `postern iq list`, and run it again",
    )?;
    attempts.tally.proven(&stored).await;
    Ok(())
}

fn refuse_where_it_works(before: Option<&Stored>) -> anyhow::Result<()> {
    match before.map(|before| before.activation.state) {
        Some(ActivationState::Activated) => bail!(
            "this IQ is activated here, and works as far as is known (`postern iq probe` tells); \
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

async fn take(adopt: &Adopt) -> anyhow::Result<(SecretString, SecretString)> {
    let secret = typed::take("secret", adopt.secret_file.as_deref()).await?;
    let length = secret.expose_secret().chars().count();
    if length == 0 || secret.expose_secret().chars().any(char::is_whitespace) {
        bail!("an IQ's secret is {SECRET_LENGTH} characters without a space");
    }
    if length != SECRET_LENGTH {
        note(&format!("warning: the secret has {length} characters; Salto's have {SECRET_LENGTH}"));
    }
    Ok((secret, typed::take_pin(adopt.pin_file.as_deref()).await?))
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
