//! `postern guest-key create`: what a guest's app does, for trying the road out.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use consumer::Settings;
use salto::{Breakers, Environment, GuestApp, GuestKeyError, Http, SaltoClock};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{UNCERTAIN, body, failure};
use crate::cli::{
    args::Printing,
    failure::Failure,
    output::{Output, names},
    typed,
};

/// Arguments of `guest-key create`.
///
/// The code is never an argument: arguments are seen by everybody on the machine.
#[derive(Debug, Args)]
#[command(after_long_help = format!("\
For trying out what a guest's app does at Salto; needs no account, only the environment's client. A \
guest's app is likely another, public client: give it an environment of its own. Neither code nor \
token is kept. What Salto answers is printed as it is; what to do with it, and with the lock, is the \
matter of Salto's mobile SDK.

{UNCERTAIN}

Examples:
  postern guest-key create --environment acceptance
  postern guest-key create --environment acceptance --code-file code --body-file key.json"))]
pub(in crate::cli) struct Create {
    /// An environment's name, as under [salto.environments].
    #[arg(long, value_name = "NAME")]
    environment: String,
    /// Read the access code from this file instead of standard input; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    code_file: Option<PathBuf>,
    /// Send this file's JSON as the request for the key [default: an empty object].
    #[arg(long, value_name = "PATH")]
    body_file: Option<PathBuf>,
    #[command(flatten)]
    printing: Printing,
}

/// Takes the code last: nothing else may be in its way when it is spent.
pub(super) async fn run(create: Create, settings: &Settings) -> Result<(), Failure> {
    let app = app(find(settings, &create.environment)?)?;
    let request = body::read(create.body_file.as_deref())?;
    let code = typed::take("access code", create.code_file.as_deref()).await?;
    if code.expose_secret().is_empty() {
        return Err(Failure::plain("no access code was given: the file is empty"));
    }
    let key = key(&app, &code, &request).await?;
    Output::new(create.printing).one(&key, || format!("{key:#}"))
}

fn find<'a>(settings: &'a Settings, name: &str) -> Result<&'a Arc<Environment>, Failure> {
    settings.environments.get(name).ok_or_else(|| {
        let known: Vec<&str> = settings.environments.keys().map(String::as_str).collect();
        let known = names(&known);
        Failure::Usage(format!("no environment {name:?} is configured; configured: {known}"))
    })
}

fn app(environment: &Arc<Environment>) -> Result<GuestApp, Failure> {
    let clock = Arc::new(SaltoClock::new(&environment.name));
    let breakers = Arc::new(Breakers::new(&environment.name));
    let http = Http::new().map_err(anyhow::Error::new)?;
    GuestApp::new(http, Arc::clone(environment), clock, breakers)
        .map_err(|error| failure(error, "there is no way to a digital key"))
}

async fn key(app: &GuestApp, code: &SecretString, request: &Value) -> Result<Value, Failure> {
    let token = app.exchange(code).await.map_err(|error| {
        let what = match &error {
            // Salto may have got it.
            GuestKeyError::Call(_) => {
                "no token came, and the access code may be spent all the same"
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
        failure(error, what)
    })?;
    let created = token.create_digital_key(request).await;
    created.map_err(|error| failure(error, "the access code is spent, and there is no digital key"))
}
