//! `postern integration`: the integrations of the file and those that are stored in Redis.

mod access;
mod apply;
mod export;
mod list;
mod remove;
mod row;
mod show;

use clap::Subcommand;
use config::Config;

use crate::cli::failure::CommandFailure;

/// Commands about integrations.
#[derive(Debug, Subcommand)]
pub(crate) enum IntegrationCommand {
    /// List all integrations, and where each comes from.
    List(list::ListArguments),
    /// Show one integration with its version; never its password.
    Show(show::ShowArguments),
    /// Store an integration, or change a stored one: workers use it within a second, without a signal.
    Apply(apply::ApplyArguments),
    /// Remove a stored integration: it opens no door from then on.
    Remove(remove::RemoveArguments),
    /// Print an integration as `apply` takes it, without its password.
    Export(export::ExportArguments),
}

/// Runs the command.
pub(crate) async fn run(
    command: IntegrationCommand,
    config: &Config,
) -> Result<(), CommandFailure> {
    match command {
        IntegrationCommand::List(arguments) => list::run(arguments, config).await,
        IntegrationCommand::Show(arguments) => show::run(arguments, config).await,
        IntegrationCommand::Apply(arguments) => apply::run(arguments, config).await,
        IntegrationCommand::Remove(arguments) => remove::run(arguments, config).await,
        IntegrationCommand::Export(arguments) => export::run(arguments, config).await,
    }
}
