//! `postern iq`: the gateways between Salto's cloud and the locks, and their activation.
//!
//! Each command is a file of its own. A command is about an IQ, its [`target`]. What they do is in
//! [`operations::activation`].

mod activate;
mod activation_pin;
mod adopt;
mod forget;
mod list;
mod opening_proof;
mod probe;
mod set_pin;
mod target;

use clap::Subcommand;
use consumer::Settings;

use crate::cli::{arguments::integration::SiteListArguments, failure::CommandFailure};

/// Commands about IQs.
#[derive(Debug, Subcommand)]
pub(crate) enum IqCommand {
    /// List the site's IQs, whether postern can open doors through them, and the next steps.
    ///
    /// Merges Salto's list with what postern has stored. IQs whose activation postern has stored and
    /// that are not in Salto's list are shown too.
    List(SiteListArguments),
    /// Activate an IQ ("GET PIN"): get its secret and its PIN, so that its doors can be opened.
    Activate(activate::ActivateArguments),
    /// Give an activated IQ another PIN ("Set PIN").
    SetPin(set_pin::SetPinArguments),
    /// Have Salto's cloud check a one-time password, without touching a door; the IQ is not asked.
    Probe(probe::ProbeArguments),
    /// Store a secret and a PIN that are known from another program.
    Adopt(adopt::AdoptArguments),
    /// Remove the secret and the PIN of an IQ that postern has stored.
    Forget(forget::ForgetArguments),
}

/// Runs the command.
pub(crate) async fn run(command: IqCommand, settings: &Settings) -> Result<(), CommandFailure> {
    match command {
        IqCommand::List(arguments) => list::run(arguments, settings).await,
        IqCommand::Activate(arguments) => activate::run(arguments, settings).await,
        IqCommand::SetPin(arguments) => set_pin::run(arguments, settings).await,
        IqCommand::Probe(arguments) => probe::run(arguments, settings).await,
        IqCommand::Adopt(arguments) => adopt::run(arguments, settings).await,
        IqCommand::Forget(arguments) => forget::run(arguments, settings).await,
    }
}
