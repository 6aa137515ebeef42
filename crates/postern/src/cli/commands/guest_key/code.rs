//! `postern guest-key code`: an access code for a guest.

use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use consumer::Settings;
use operations::connections::site_access;
use serde::Serialize;

use super::{body, error::failure, help::UNPUBLISHED};
use crate::cli::{
    arguments::{integration::IntegrationArgument, output_format::OutputFlag},
    failure::CommandFailure,
    terminal::{
        observer::TerminalObserver,
        output::{Output, print_note},
    },
};

/// Arguments of `guest-key code`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("\
Requests the code with the integration's own account and token, and prints it: give it to the guest, \
whose app exchanges it. The code is not stored. A pod member may be an integration of its own: with \
active = false no request opens a door as this user.

{UNPUBLISHED}

Examples:
  postern guest-key code --integration acme-pod
  postern guest-key code --integration acme-pod --body-file invitation.json --output json"))]
pub(crate) struct CodeArguments {
    #[command(flatten)]
    integration: IntegrationArgument,
    /// Send this file's JSON as the request's body [default: an empty object].
    #[arg(long, value_name = "PATH")]
    body_file: Option<PathBuf>,
    #[command(flatten)]
    output: OutputFlag,
}

/// The result. The access code is a secret that is printed on purpose.
#[derive(Serialize)]
struct AccessCodeResult<'a> {
    integration_id: &'a str,
    access_code: &'a str,
    /// The expiry, where Salto has sent one.
    expires_at: Option<DateTime<Utc>>,
}

/// Requests the code and prints it.
pub(super) async fn run(
    arguments: CodeArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let integration_id = arguments.integration.integration_id.as_str();
    let request = body::read(arguments.body_file.as_deref())?;
    let access = site_access::open(settings, integration_id, &TerminalObserver).await?;
    let access_code = access.site.access_code(&request).await;
    let access_code = access_code.map_err(|error| failure(error, "Salto gave no access code"))?;
    let expires_at = access_code.expires_at();
    let until = expires_at.map_or_else(
        || "Salto does not say how long it is valid".to_owned(),
        |time| format!("it is valid until {}", time.to_rfc3339_opts(SecondsFormat::Secs, true)),
    );
    print_note(&format!(
        "Give the code to the guest only: it allows its holder to create a digital key, and nothing \
         else; {until}."
    ));
    let result = AccessCodeResult { integration_id, access_code: access_code.expose(), expires_at };
    Output::new(arguments.output).print(&result, || access_code.expose().to_owned())
}
