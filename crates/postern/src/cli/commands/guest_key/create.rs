//! `postern guest-key create`: the calls of a guest's app, for testing.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use consumer::Settings;
use operations::text::join_or_none;
use salto::{Breakers, Environment, GuestApp, GuestKeyError, Http, SaltoClock};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{body, error::failure, help::UNPUBLISHED};
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::{output::Output, secret_input},
};

/// Arguments of `guest-key create`.
///
/// The code is never an argument, because every user of the machine can see arguments.
#[derive(Debug, Args)]
#[command(after_long_help = format!("\
For testing the calls that a guest's app sends to Salto. It needs no account, only the environment's \
client. A guest's app is probably another, public client: give it an environment of its own. Neither \
code nor token is stored. Salto's answer is printed unchanged; Salto's mobile SDK defines its use.

{UNPUBLISHED}

Examples:
  postern guest-key create --environment acceptance
  postern guest-key create --environment acceptance --code-file code --body-file key.json"))]
pub(crate) struct CreateArguments {
    /// The name of an environment under [salto.environments].
    #[arg(long, value_name = "NAME")]
    environment: String,
    /// Read the access code from this file instead of standard input; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    code_file: Option<PathBuf>,
    /// Send this file's JSON as the request for the key [default: an empty object].
    #[arg(long, value_name = "PATH")]
    body_file: Option<PathBuf>,
    #[command(flatten)]
    output: OutputFlag,
}

/// Reads the code last, so that no other error can follow the exchange, which uses the code up.
pub(super) async fn run(
    arguments: CreateArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let app = guest_app(find_environment(settings, &arguments.environment)?)?;
    let request = body::read(arguments.body_file.as_deref())?;
    let code = secret_input::read("access code", arguments.code_file.as_deref()).await?;
    if code.expose_secret().is_empty() {
        return Err(CommandFailure::message("no access code was given: the file is empty"));
    }
    let key = create_key(&app, &code, &request).await?;
    Output::new(arguments.output).print(&key, || format!("{key:#}"))
}

fn find_environment<'a>(
    settings: &'a Settings,
    name: &str,
) -> Result<&'a Arc<Environment>, CommandFailure> {
    settings.environments.get(name).ok_or_else(|| {
        let names: Vec<&str> = settings.environments.keys().map(String::as_str).collect();
        let names = join_or_none(&names);
        CommandFailure::Usage(format!("no environment {name:?} is configured; configured: {names}"))
    })
}

fn guest_app(environment: &Arc<Environment>) -> Result<GuestApp, CommandFailure> {
    let clock = Arc::new(SaltoClock::new(&environment.name));
    let breakers = Arc::new(Breakers::new(&environment.name));
    let http = Http::new().map_err(anyhow::Error::new)?;
    GuestApp::new(http, Arc::clone(environment), clock, breakers)
        .map_err(|error| failure(error, "no digital key can be created"))
}

async fn create_key(
    app: &GuestApp,
    code: &SecretString,
    request: &Value,
) -> Result<Value, CommandFailure> {
    let token = app.exchange(code).await.map_err(|error| {
        let context = match &error {
            // Salto may have received the code.
            GuestKeyError::Call(_) => {
                "there is no token, and the access code may be used up nevertheless"
            }
            GuestKeyError::NotSetUp { .. }
            | GuestKeyError::UnknownPath { .. }
            | GuestKeyError::NotPodMember(_)
            | GuestKeyError::NoCode { .. }
            | GuestKeyError::CodeRejected
            | GuestKeyError::ExchangeRefused { .. }
            | GuestKeyError::TokenRejected(_)
            | GuestKeyError::KeyRefused(_)
            | GuestKeyError::KeyUnreadable => "the access code was not exchanged",
        };
        failure(error, context)
    })?;
    let created = token.create_digital_key(request).await;
    created
        .map_err(|error| failure(error, "the access code is used up, and there is no digital key"))
}
