//! `postern iq set-pin`: changes the PIN of an activated IQ.

use std::path::PathBuf;

use clap::Args;
use consumer::Settings;
use operations::activation::PinChange;
use secrecy::SecretString;
use serde::Serialize;

use super::{opening_proof::print_opening_proof, target::IqArguments};
use crate::cli::{
    arguments::{confirmation::Confirmation, output_format::OutputFlag},
    failure::CommandFailure,
    terminal::{
        output::{Output, print_note},
        secret_input,
    },
};

const WARNING: &str = "\
warning: after a change of the PIN, Salto's cloud and the IQ have been seen to disagree about it, and
then no door of this IQ opens until Salto has reset the user's activation there. The PIN from the
activation is equally good; set another one only if you must. During the change, for about a second,
open commands to this IQ may fail.";

/// Arguments of `iq set-pin`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
The new PIN is stored before it is sent to Salto, and Salto's cloud checks it afterwards; until then the \
old one is kept too. The IQ is not asked: only an opening proves a door (postern lock open). After an interruption run the same command again: it finds out which PIN is valid, \
and continues; it needs no PIN then.

After a change of the PIN, Salto's cloud and the IQ have been seen to disagree about it. The PIN from \
the activation is equally good.

Examples:
  postern iq set-pin --integration acme --iq 0f7b2c1e-…
  postern iq set-pin --integration acme --iq 0f7b2c1e-… --pin-file /run/secrets/new-pin --yes")]
pub(crate) struct SetPinArguments {
    #[command(flatten)]
    target: IqArguments,
    /// Read the new PIN from this file instead of standard input; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    pin_file: Option<PathBuf>,
    #[command(flatten)]
    confirm: Confirmation,
    /// Try even while the user is blocked, or where one more rejection could block it.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: OutputFlag,
}

#[derive(Serialize)]
struct PinChangeResult<'a> {
    integration_id: &'a str,
    iq_id: &'a str,
    iq_name: Option<&'a str>,
    state: &'static str,
    /// False: it was already the PIN.
    changed: bool,
}

/// Asks for confirmation, and changes the PIN.
pub(super) async fn run(
    arguments: SetPinArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    arguments.confirm.require_an_answer()?;
    let target = arguments.target.find_to_store(settings).await?;
    let change = PinChange::begin(&target).await?;
    print_note(WARNING);
    if !arguments.confirm.ask("Set the PIN?")? {
        print_note("the PIN was not changed");
        return Ok(());
    }
    let new_pin = new_pin(&arguments, &change).await?;
    let changed = change.finish(&new_pin, arguments.force).await?;
    let (integration_id, iq_id) = (target.integration_id, target.iq.as_str());
    let (iq_name, state) = (target.iq_name.as_deref(), "activated");
    let result = PinChangeResult { integration_id, iq_id, iq_name, state, changed };
    Output::new(arguments.output).print(&result, || {
        if changed {
            "the PIN is set, and Salto's cloud accepts it"
        } else {
            "this is already the PIN"
        }
        .to_owned()
    })?;
    print_opening_proof(integration_id);
    Ok(())
}

/// The PIN that is given, else the one of the change that was interrupted.
async fn new_pin(
    arguments: &SetPinArguments,
    change: &PinChange<'_>,
) -> anyhow::Result<SecretString> {
    let pin = match (&arguments.pin_file, change.interrupted()) {
        (None, Some(pin)) => {
            print_note("continuing with the PIN of the interrupted run");
            pin.clone()
        }
        (file, _) => {
            secret_input::read_twice("new PIN", "repeat the new PIN", file.as_deref()).await?
        }
    };
    secret_input::checked_pin(pin)
}
