//! `postern guest-key code`: an access code for a guest.

use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use consumer::Settings;
use serde::Serialize;

use super::{UNCERTAIN, body, failure};
use crate::cli::{
    args::{Integration, Printing},
    failure::Failure,
    output::{Output, note},
    site_access,
};

/// Arguments of `guest-key code`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("\
Asks with the integration's own account and token, and prints the code: pass it on to the guest, whose \
app exchanges it. It is kept nowhere. A pod member may be an integration of its own: with active = \
false no request ever opens a door as this user.

{UNCERTAIN}

Examples:
  postern guest-key code --integration acme-pod
  postern guest-key code --integration acme-pod --body-file invitation.json --output json"))]
pub(in crate::cli) struct Code {
    #[command(flatten)]
    integration: Integration,
    /// Send this file's JSON as the request's body [default: an empty object].
    #[arg(long, value_name = "PATH")]
    body_file: Option<PathBuf>,
    #[command(flatten)]
    printing: Printing,
}

/// The code is what the command is for: the one secret that is printed.
#[derive(Serialize)]
struct Invitation<'a> {
    integration_id: &'a str,
    access_code: &'a str,
    /// Where Salto has said so.
    expires_at: Option<DateTime<Utc>>,
}

/// Asks and prints.
pub(super) async fn run(code: Code, settings: &Settings) -> Result<(), Failure> {
    let integration_id = code.integration.integration_id.as_str();
    let request = body::read(code.body_file.as_deref())?;
    let access = site_access::open(settings, integration_id).await?;
    let access_code = access.site.access_code(&request).await;
    let access_code = access_code.map_err(|error| failure(error, "there is no access code"))?;
    let expires_at = access_code.expires_at();
    let until = expires_at.map_or_else(
        || "Salto does not say how long it counts".to_owned(),
        |time| format!("it counts until {}", time.to_rfc3339_opts(SecondsFormat::Secs, true)),
    );
    note(&format!(
        "For the guest alone: whoever has this code can create a digital key with it, and nothing \
         else; {until}."
    ));
    let invitation = Invitation { integration_id, access_code: access_code.expose(), expires_at };
    Output::new(code.printing).one(&invitation, || access_code.expose().to_owned())
}
