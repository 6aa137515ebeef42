//! `postern dlq`: list, show, replay, drop and export dead letters.
//!
//! What they do is in [`operations::dead_letters`]; here are their arguments, and what they print.

mod drop;
mod export;
mod list;
mod replay;
mod report;
mod selection;
mod show;

use clap::Subcommand;

use crate::cli::failure::CommandFailure;
use config::BrokerConfig;

/// Commands about dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    /// List dead letters with the predicted results of replays, first grouped by reason, queue and integration.
    /// Changes nothing.
    List(list::ListArguments),
    /// Show one complete dead letter, and the predicted result of a replay.
    ///
    /// The body may contain personal data.
    Show(show::ShowArguments),
    /// Publish dead letters to their original queues.
    Replay(replay::ReplayArguments),
    /// Remove dead letters, after writing them to a file.
    Drop(drop::DropArguments),
    /// Write dead letters to standard output or a file, as JSON Lines. Changes nothing.
    ///
    /// The bodies may contain personal data.
    Export(export::ExportArguments),
}

/// Runs the command.
pub(crate) async fn run(command: DlqCommand, config: &BrokerConfig) -> Result<(), CommandFailure> {
    match command {
        DlqCommand::List(arguments) => list::run(arguments, config).await,
        DlqCommand::Show(arguments) => show::run(arguments, config).await,
        DlqCommand::Replay(arguments) => replay::run(arguments, config).await,
        DlqCommand::Drop(arguments) => drop::run(arguments, config).await,
        DlqCommand::Export(arguments) => export::run(arguments, config).await,
    }
}
