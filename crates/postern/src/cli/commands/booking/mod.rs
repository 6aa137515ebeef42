//! `postern booking`: what postern has stored of a booking.
//!
//! Each command is a file of its own; [`mod@record`] reads the booking and prints it.

mod forget;
mod record;
mod show;

use clap::Subcommand;
use consumer::Settings;

use crate::cli::failure::CommandFailure;

/// Commands about bookings.
#[derive(Debug, Subcommand)]
pub(crate) enum BookingCommand {
    /// Show what postern knows of a booking.
    Show(show::ShowArguments),
    /// Remove the stored state of a booking, for example one with a revision that was too high.
    Forget(forget::ForgetArguments),
}

/// Runs the command.
pub(crate) async fn run(
    command: BookingCommand,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    match command {
        BookingCommand::Show(arguments) => show::run(arguments, settings).await,
        BookingCommand::Forget(arguments) => forget::run(arguments, settings).await,
    }
}
