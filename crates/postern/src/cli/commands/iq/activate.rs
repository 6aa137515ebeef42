//! `postern iq activate`: stores the secret of an IQ, gets its PIN, and has Salto check both.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};
use consumer::Settings;
use operations::{
    activation::{Begun, IqActivation},
    iqs::NextStep,
};
use salto::PinDelivery;

use super::{
    activation_pin,
    opening_proof::print_opening_proof,
    target::{ChangedActivation, IqArguments},
};
use crate::cli::{
    arguments::output_format::OutputFlag, failure::CommandFailure, terminal::output::print_note,
};

/// Arguments of `iq activate`.
///
/// The PIN is never an argument, because every user of the machine can see arguments.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Salto gives out the IQ's secret once and sends the PIN by mail (with --send-pin sms as a text message; to \
some tenants it is in the answer, which postern then uses). Both are stored in Redis, encrypted with \
secrets.key. After an interruption run the same command again: it continues where it was. Where no PIN \
arrives, see that the IQ is online, and have it sent again a few times with --send-pin.

Where Salto has reset the user's activation (Site → Rights → Reset PIN), the command begins anew. Where \
the stored secret or PIN is rejected and Salto has reset nothing, it says what to do.

Wrong PINs stop at two in a row, because Salto blocks the user after a few. Where two operators activate \
the same IQ at the same time, one of the commands may fail and must be run again.

Exit status: 0 where the IQ is activated, 1 where its doors stay shut.

Examples:
  postern iq activate --integration acme --iq 0f7b2c1e-…
  postern iq activate --integration acme --iq 0f7b2c1e-… --pin-file /run/secrets/pin
  postern iq activate --integration acme --iq 0f7b2c1e-… --send-pin sms")]
pub(crate) struct ActivateArguments {
    #[command(flatten)]
    target: IqArguments,
    /// Read the PIN from this file instead of standard input; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    pin_file: Option<PathBuf>,
    /// Have Salto send the PIN in this way, again where it was sent before [default: email, once].
    #[arg(long, value_name = "HOW")]
    send_pin: Option<SendPin>,
    /// Have Salto check the PIN even while the user is blocked, or where one more rejection could block it.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: OutputFlag,
}

/// How Salto sends the PIN.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SendPin {
    Email,
    Sms,
}

impl From<SendPin> for PinDelivery {
    fn from(how: SendPin) -> Self {
        match how {
            SendPin::Email => Self::Email,
            SendPin::Sms => Self::Sms,
        }
    }
}

/// Starts or continues the activation.
pub(super) async fn run(
    arguments: ActivateArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let target = arguments.target.find_to_store(settings).await?;
    let send_pin = arguments.send_pin.map(PinDelivery::from);
    let activation = IqActivation::new(&target, send_pin, arguments.force);
    match activation.begin().await? {
        Begun::NotNeeded(state) => {
            let text = "this IQ is opened without one-time passwords, so it needs no activation";
            return ChangedActivation::of(&target, state.code()).print(arguments.output, text);
        }
        Begun::Done(next) => print_done(next),
        Begun::Waiting(step) => {
            let pin = activation_pin::read(&activation, step, arguments.pin_file.as_deref()).await;
            let pin = pin.with_context(|| activation.not_activated())?;
            activation.finish(pin).await?;
        }
    }
    ChangedActivation::of(&target, "activated").print(arguments.output, "IQ is activated")?;
    print_opening_proof(target.integration_id);
    Ok(())
}

fn print_done(next: Option<NextStep>) {
    print_note("nothing to do: the IQ is already activated");
    if let Some(step) = next {
        print_note(&format!("note: {}: {}", step.problem, step.next));
    }
}
