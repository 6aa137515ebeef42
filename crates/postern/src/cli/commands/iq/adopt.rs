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

use super::{opening_proof::print_opening_proof, target::IqArguments};
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    otp_attempts::{
        attempts::{OtpAttempts, OtpInput},
        results::OtpResults,
    },
    terminal::{output::print_note, secret_input},
};

/// The length of Salto's secrets (docs/salto-ks.md, Connect API).
const SECRET_LENGTH: usize = 16;

/// The code that an active device shows. `Debug` hides it.
type DeviceCode = SecretString;

/// Arguments of `iq adopt`.
///
/// Secret and PIN are never arguments, because every user of the machine can see arguments.
#[derive(Debug, Args)]
#[command(after_long_help = "\
For an IQ at which the system user was activated with another program, where secret and PIN are known, \
because Salto gives out the secret only once. Salto's cloud checks both, without touching a door, before \
they are stored; only an opening proves a door (postern lock open). A working activation is only \
overwritten with --force.

Without files, secret and PIN are read from standard input, one line each, in this order.

With --device-code, Salto is asked for the secret by the code that an active device of the same user \
shows (\"enable an additional device\"); then the PIN is read. Salto has published this way; it is \
unproven here, because nobody has tried it with postern. A wrong code counts as a rejected one-time \
password. Without CODE, it is read from standard input: a code on the command line can be seen by every \
user of the machine while it counts.

Where none of these is known, a reset is needed: the site's admin resets this user's PIN in Salto KS \
(Site → Rights → Reset PIN), then postern iq activate begins anew.

Examples:
  postern iq adopt --integration acme --iq 0f7b2c1e-…
  postern iq adopt --integration acme --iq 0f7b2c1e-… --secret-file s --pin-file p
  postern iq adopt --integration acme --iq 0f7b2c1e-… --device-code --pin-file p")]
pub(crate) struct AdoptArguments {
    #[command(flatten)]
    target: IqArguments,
    /// Read the secret from this file; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    secret_file: Option<PathBuf>,
    /// Get the secret from Salto by this code of an active device (unproven); without CODE, it is read from
    /// standard input.
    #[arg(long, value_name = "CODE", num_args = 0..=1, conflicts_with = "secret_file")]
    device_code: Option<Option<DeviceCode>>,
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
    let source = read_secret_source(&arguments).await?;
    let pin = secret_input::read_pin(arguments.pin_file.as_deref()).await?;
    let attempts =
        OtpAttempts::begin(OtpResults::new(&target.access, &target.iq, arguments.force)).await?;
    let adopted = check_and_store(&attempts, before.as_ref(), source, pin).await;
    attempts.end().await;
    adopted?;
    let text = "Salto's cloud accepts secret and PIN, and they are stored: the IQ is activated";
    target.print_state(arguments.output, "activated", text)?;
    print_opening_proof(target.integration_id);
    Ok(())
}

/// Where the secret comes from.
enum SecretSource {
    Known(SecretString),
    /// Salto gives it for this code.
    DeviceCode(DeviceCode),
}

async fn check_and_store(
    attempts: &OtpAttempts<'_>,
    before: Option<&Stored>,
    source: SecretSource,
    pin: SecretString,
) -> anyhow::Result<()> {
    let OtpResults { access, iq, .. } = &attempts.results;
    let secret = match source {
        SecretSource::Known(secret) => secret,
        SecretSource::DeviceCode(code) => attempts.secret_by_code(&code).await?,
    };
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

async fn read_secret_source(arguments: &AdoptArguments) -> anyhow::Result<SecretSource> {
    if let Some(code) = &arguments.device_code {
        let code = match code {
            Some(code) => code.clone(),
            None => secret_input::read("code of the active device", None).await?,
        };
        if code.expose_secret().trim().is_empty() {
            bail!("the code of the active device is empty");
        }
        return Ok(SecretSource::DeviceCode(code.expose_secret().trim().into()));
    }
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
    Ok(SecretSource::Known(secret))
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
