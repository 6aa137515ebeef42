//! `postern secrets`: the key that encrypts what is stored in Redis.

mod rotate;

use clap::Subcommand;
use consumer::Settings;

use crate::cli::failure::CommandFailure;

/// Commands about the key of the secrets in Redis.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Encrypt everything in Redis with `secrets.key` that one of `secrets.old_keys` encrypted.
    Rotate(rotate::RotateArguments),
}

/// Runs the command.
pub(crate) async fn run(
    command: SecretsCommand,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    match command {
        SecretsCommand::Rotate(arguments) => rotate::run(arguments, settings).await,
    }
}
