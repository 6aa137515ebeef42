//! `postern lock`: the locks of a site, and opening one of them.

mod list;
mod open;

use clap::Subcommand;
use consumer::Settings;

use crate::cli::{arguments::integration::SiteListArguments, failure::CommandFailure};

/// Commands about locks.
#[derive(Debug, Subcommand)]
pub(crate) enum LockCommand {
    /// List the site's locks, with the objects mapped to each.
    #[command(after_long_help = list::LOCK_LIST)]
    List(SiteListArguments),
    /// Open a door once, after a confirmation: proves that its IQ has the secret and PIN that postern has.
    Open(open::OpenArguments),
}

/// Runs the command.
pub(crate) async fn run(command: LockCommand, settings: &Settings) -> Result<(), CommandFailure> {
    match command {
        LockCommand::List(arguments) => list::run(arguments, settings).await,
        LockCommand::Open(arguments) => open::run(arguments, settings).await,
    }
}
