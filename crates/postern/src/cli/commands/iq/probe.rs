//! `postern iq probe`: has Salto's cloud check a one-time password, without touching a door.

use clap::Args;
use consumer::Settings;
use operations::activation::probe;

use super::target::IqArguments;
use crate::cli::{
    arguments::output_format::OutputFlag, failure::CommandFailure, terminal::output::Output,
};

/// Arguments of `iq probe`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Sends the call that changes a PIN, with the change 0000, which keeps the PIN: Salto's cloud checks the \
one-time password and touches no door. The IQ, which checks those of open commands, is not asked: only an \
opening proves a door (postern lock open). The answer counts like that of an open command: a rejection is \
counted, and three in a row degrade the activation; an accepted one resets the count, the degraded \
state and the block.

Salto blocks the user after a few rejections, so the command fails while the user is blocked, and \
where two or more were rejected in a row, unless --force is given.

Exit status: 0 where Salto accepts the one-time password, else 1.

Examples:
  postern iq probe --integration acme --iq 0f7b2c1e-…")]
pub(crate) struct ProbeArguments {
    #[command(flatten)]
    target: IqArguments,
    /// Probe even while the user is blocked, or where one more rejection could block it.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: OutputFlag,
}

/// Sends the probe and prints the answer.
pub(super) async fn run(
    arguments: ProbeArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let target = arguments.target.find(settings).await?;
    let result = probe(&target, arguments.force).await?;
    Output::new(arguments.output).print(&result, || result.meaning.clone())?;
    if result.accepted { Ok(()) } else { Err(CommandFailure::AlreadyReported) }
}
