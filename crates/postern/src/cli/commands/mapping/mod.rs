//! `postern mapping`: the mapping of objects to locks, and whether these locks can be opened.

mod check;

use clap::Subcommand;
use consumer::Settings;

use crate::cli::failure::CommandFailure;

/// Commands about the mapping.
#[derive(Debug, Subcommand)]
pub(crate) enum MappingCommand {
    /// Check that every mapped object opens a lock that can be opened.
    Check(check::CheckArguments),
}

/// Runs the command.
pub(crate) async fn run(
    command: MappingCommand,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    match command {
        MappingCommand::Check(arguments) => check::run(arguments, settings).await,
    }
}
