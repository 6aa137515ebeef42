//! `postern pause`: the pauses that Salto asked for with `Retry-After` (docs/contract.md, invariant 3).

mod lift;
mod list;

use clap::Subcommand;
use consumer::Settings;

use crate::cli::failure::CommandFailure;

/// Commands about the pauses that Salto asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum PauseCommand {
    /// List the integrations to which no call is sent now, because Salto asked for it.
    List(list::ListArguments),
    /// End the pause of an integration early.
    Lift(lift::LiftArguments),
}

/// Runs the command.
pub(crate) async fn run(command: PauseCommand, settings: &Settings) -> Result<(), CommandFailure> {
    match command {
        PauseCommand::List(arguments) => list::run(arguments, settings).await,
        PauseCommand::Lift(arguments) => lift::run(arguments, settings).await,
    }
}
