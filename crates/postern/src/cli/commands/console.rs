//! `postern console`: the server of pages and of the API, and what its configuration needs.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use config::Config;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::signals::Signals;
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::{output::Output, secret_input},
};

/// The shortest password, in characters.
const SHORTEST_PASSWORD: usize = 12;

/// Arguments of `console`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern console hash-password        for password_hash in [[console.users]]
  postern console new-token            for hash in [[console.tokens]]
  postern console                      serves http://127.0.0.1:9465")]
pub(crate) struct ConsoleArguments {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<ConsoleCommand>,
}

/// What the configuration of the console needs.
#[derive(Debug, Subcommand)]
pub(crate) enum ConsoleCommand {
    /// Print the argon2id hash of a password, for password_hash in [[console.users]].
    ///
    /// Asks for the password, or reads one line of standard input. Needs no configuration.
    HashPassword(HashPasswordArguments),
    /// Print a new token for a program, and its hash for [[console.tokens]].
    ///
    /// The token is shown this once: give it to the program, and only the hash to the configuration. Needs no
    /// configuration.
    NewToken(NewTokenArguments),
}

/// Arguments of `console hash-password`.
#[derive(Debug, Args)]
pub(crate) struct HashPasswordArguments {
    /// Read the password from this file; one newline at its end is cut.
    #[arg(long, value_name = "PATH")]
    password_file: Option<PathBuf>,
    #[command(flatten)]
    output: OutputFlag,
}

/// Arguments of `console new-token`.
#[derive(Debug, Args)]
pub(crate) struct NewTokenArguments {
    #[command(flatten)]
    output: OutputFlag,
}

impl ConsoleArguments {
    /// Whether this is the server itself.
    pub(in crate::cli) const fn serves(&self) -> bool {
        self.command.is_none()
    }
}

/// Serves until a signal.
pub(crate) async fn run(config: Config) -> Result<(), CommandFailure> {
    let signals = Signals::listen().context("the signal handlers cannot be installed")?;
    let stop = CancellationToken::new();
    let stopping = tokio::spawn(signals.cancel(stop.clone(), "answers in progress"));
    let result = console::run(config, stop).await;
    stopping.abort();
    result.map_err(|error| CommandFailure::Failed(error.into()))
}

/// Runs what needs no configuration.
pub(crate) async fn run_standalone(command: ConsoleCommand) -> Result<(), CommandFailure> {
    match command {
        ConsoleCommand::HashPassword(arguments) => hash_password(arguments).await,
        ConsoleCommand::NewToken(arguments) => new_token(arguments),
    }
}

async fn hash_password(arguments: HashPasswordArguments) -> Result<(), CommandFailure> {
    use secrecy::ExposeSecret;
    let file = arguments.password_file.as_deref();
    let password = secret_input::read_twice("password", "password, again", file).await?;
    if password.expose_secret().chars().count() < SHORTEST_PASSWORD {
        let what = format!("the password is too short: {SHORTEST_PASSWORD} characters at least");
        return Err(anyhow!(what).into());
    }
    let hash = console::hash_password(&password)
        .map_err(|error| anyhow!("the password cannot be hashed: {error}"))?;
    let output = Output::new(arguments.output);
    output.print(&json!({ "password_hash": hash }), || hash.clone())
}

fn new_token(arguments: NewTokenArguments) -> Result<(), CommandFailure> {
    let console::NewToken { token, hash } = console::new_token();
    let output = Output::new(arguments.output);
    let text = format!("token: {token}\nhash:  {hash}");
    output.print(&json!({ "token": token, "hash": hash }), || text)
}
