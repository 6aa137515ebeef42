//! `postern iq activate`: stores the secret of an IQ, gets its PIN, and has Salto check both.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use consumer::Settings;
use salto::{ActivationState, PinDelivery, activation::Step};

use super::{
    activation_steps::ActivationSteps, opening_proof::print_opening_proof, target::IqArguments,
};
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    otp_attempts::results::OtpResults,
    site_state::{
        iq_overview::{IqOverview, iq_overview},
        next_step::next_step,
    },
    terminal::output::print_note,
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
    let overview = iq_overview(&target.access, &target.iq).await?;
    let overview = overview.context("the IQ is no longer in Salto's list")?;
    if overview.listed.as_ref().and_then(|listed| listed.otp_enabled) == Some(false) {
        let text = "this IQ is opened without one-time passwords, so it needs no activation";
        return target.print_state(arguments.output, overview.state.code(), text);
    }
    let results = OtpResults::new(&target.access, &target.iq, arguments.force);
    let steps = ActivationSteps {
        results,
        pin_file: arguments.pin_file.as_deref(),
        send_pin: arguments.send_pin.map(PinDelivery::from),
    };
    let step = match plan(target.integration_id, &overview)? {
        Plan::Begin => steps.begin().await,
        Plan::Restart => steps.restart(&overview).await,
        Plan::Nothing => Ok(Step::Done),
    };
    match step.with_context(|| not_activated(&target.iq))? {
        Step::Done => print_done(target.integration_id, &overview),
        step => {
            let finished = steps.finish(step).await;
            finished.with_context(|| not_activated(&target.iq))?;
        }
    }
    target.print_state(arguments.output, "activated", "IQ is activated")?;
    print_opening_proof(target.integration_id);
    Ok(())
}

fn not_activated(iq: &str) -> String {
    format!("IQ {iq} is not activated yet")
}

fn print_done(integration_id: &str, overview: &IqOverview) {
    print_note("nothing to do: the IQ is already activated");
    if let Some(step) = next_step(integration_id, overview) {
        print_note(&format!("note: {}: {}", step.problem, step.next));
    }
}

/// What this run does.
enum Plan {
    /// Begins the activation, or goes on with it.
    Begin,
    /// Begins anew, provided that Salto has reset the activation.
    Restart,
    /// The IQ is activated, and nothing says that its doors stay shut.
    Nothing,
}

/// What helps in this state. Fails with the next step where this command does not help.
fn plan(integration_id: &str, overview: &IqOverview) -> anyhow::Result<Plan> {
    let step = next_step(integration_id, overview);
    let restore = overview.listed.as_ref().and_then(|listed| listed.restore_required);
    match overview.state {
        ActivationState::NotActivated | ActivationState::PendingPin => Ok(Plan::Begin),
        ActivationState::Degraded | ActivationState::ReactivationRequired
            if restore != Some(true) =>
        {
            Ok(Plan::Restart)
        }
        ActivationState::Activated if overview.activated_at_salto == Some(false) => {
            Ok(Plan::Restart)
        }
        ActivationState::Activated
        | ActivationState::Degraded
        | ActivationState::ReactivationRequired => match step {
            Some(step) if step.doors_shut => Err(anyhow!("{}: {}", step.problem, step.next)),
            Some(_) | None => Ok(Plan::Nothing),
        },
    }
}
