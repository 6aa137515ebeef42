//! `postern guest-key`: Digital Key for Guests: the access code and the key.

mod body;
mod code;
mod create;
mod error;
mod help;

use clap::Subcommand;
use consumer::Settings;

use crate::cli::failure::CommandFailure;

/// Commands about digital keys of guests.
#[derive(Debug, Subcommand)]
pub(crate) enum GuestKeyCommand {
    /// Request an access code from Salto, with which a guest creates a digital key.
    Code(code::CodeArguments),
    /// Exchange an access code and create a digital key, as a guest's app would.
    Create(create::CreateArguments),
}

/// Runs the command.
pub(crate) async fn run(
    command: GuestKeyCommand,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    match command {
        GuestKeyCommand::Code(arguments) => code::run(arguments, settings).await,
        GuestKeyCommand::Create(arguments) => create::run(arguments, settings).await,
    }
}
