//! `postern iq adopt`: stores a secret and a PIN that are known from another program.

use std::path::PathBuf;

use clap::Args;
use consumer::Settings;
use operations::activation::{Adoption, SecretSource};
use secrecy::SecretString;

use super::{
    opening_proof::print_opening_proof,
    target::{ChangedActivation, IqArguments},
};
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::{observer::TerminalObserver, secret_input},
};

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
    let adoption = Adoption::begin(&target, arguments.force).await?;
    let source = read_secret_source(&arguments).await?;
    let pin = secret_input::read_pin(arguments.pin_file.as_deref()).await?;
    adoption.finish(source, pin).await?;
    let text = "Salto's cloud accepts secret and PIN, and they are stored: the IQ is activated";
    ChangedActivation::of(&target, "activated").print(arguments.output, text)?;
    print_opening_proof(target.integration_id);
    Ok(())
}

async fn read_secret_source(arguments: &AdoptArguments) -> anyhow::Result<SecretSource> {
    if let Some(code) = &arguments.device_code {
        let code = match code {
            Some(code) => code.clone(),
            None => secret_input::read("code of the active device", None).await?,
        };
        return SecretSource::device_code(&code);
    }
    let secret = secret_input::read("secret", arguments.secret_file.as_deref()).await?;
    SecretSource::known(secret, &TerminalObserver)
}
