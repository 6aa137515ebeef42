//! `postern site`: the sites that accounts can see at Salto.

mod list;
mod resolve;

use clap::Subcommand;
use consumer::Settings;

use crate::cli::{arguments::integration::SiteListArguments, failure::CommandFailure};

/// Commands about sites.
#[derive(Debug, Subcommand)]
pub(crate) enum SiteCommand {
    /// List the sites that the account can see.
    List(SiteListArguments),
    /// Find the id and the name of a site by its UID ("Resolve site ID").
    Resolve(resolve::ResolveArguments),
}

/// Runs the command.
pub(crate) async fn run(command: SiteCommand, settings: &Settings) -> Result<(), CommandFailure> {
    match command {
        SiteCommand::List(arguments) => list::run(arguments, settings).await,
        SiteCommand::Resolve(arguments) => resolve::run(arguments, settings).await,
    }
}
