//! `postern iq activate`: has an IQ's secret stored, gets its PIN, and proves both to Salto.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use consumer::Settings;
use salto::activation::{self, Step, Stored};
use serde::Serialize;

use super::{
    args::{Integration, Printing},
    failure::Failure,
    output::{Output, note},
    pin, redis_keeps, site_access,
    site_access::SiteAccess,
};

/// Arguments of `iq activate`.
///
/// The PIN is never an argument: arguments are seen by everybody on the machine.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Salto gives the IQ's secret once and sends the PIN by mail (some tenants: SMS). Both are kept in
Redis, encrypted under secrets.key. After an interruption run the same command again: it goes on
where it was.

Examples:
  postern iq activate --integration acme --iq 0f7b2c1e-…
  postern iq activate --integration acme --iq 0f7b2c1e-… --pin-file /run/secrets/pin")]
pub(super) struct Activate {
    #[command(flatten)]
    integration: Integration,
    /// The IQ's id, as `postern iq list` shows it.
    #[arg(long, value_name = "IQ")]
    iq: String,
    /// Read the PIN from this file instead of standard input; one trailing newline is cut.
    #[arg(long, value_name = "PATH")]
    pin_file: Option<PathBuf>,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Serialize)]
struct Activated<'a> {
    integration_id: &'a str,
    iq_id: &'a str,
    state: &'static str,
}

/// Activates, or goes on with an activation.
pub(super) async fn run(activate: Activate, settings: &Settings) -> Result<(), Failure> {
    let access = site_access::open(settings, &activate.integration.integration_id).await?;
    redis_keeps::warn_where_not(&access.redis).await;
    let iq = find(&access, &activate.iq).await?;
    proceed(&access, &iq, activate.pin_file)
        .await
        .with_context(|| format!("IQ {iq} is not activated yet"))?;
    let integration_id = activate.integration.integration_id.as_str();
    let activated = Activated { integration_id, iq_id: &iq, state: "activated" };
    Output::new(activate.printing).one(&activated, || "IQ is activated".to_owned())
}

/// The IQ's id as Salto writes it, which is how the worker will look its secret up.
async fn find(access: &SiteAccess<'_>, wanted: &str) -> anyhow::Result<String> {
    let iqs = access.site.iqs().await.context("the site's IQs cannot be read")?;
    let found = iqs.iter().find(|iq| iq.id.eq_ignore_ascii_case(wanted));
    found.map(|iq| iq.id.clone()).ok_or_else(|| {
        let known: Vec<&str> = iqs.iter().map(|iq| iq.id.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        anyhow!("the site has no IQ {wanted:?}; it has: {known}")
    })
}

async fn proceed(
    access: &SiteAccess<'_>,
    iq: &str,
    pin_file: Option<PathBuf>,
) -> anyhow::Result<()> {
    let SiteAccess { site, activations, .. } = access;
    let pin = match (activation::begin(site, activations, iq).await?, pin_file) {
        (Step::Done, _) => {
            note("nothing to do: it was activated before");
            return Ok(());
        }
        (Step::PinNeeded | Step::PinKnown, Some(file)) => {
            note("the IQ's secret is stored; taking the PIN from the file");
            Some(pin::from_file(&file)?)
        }
        (Step::PinKnown, None) => {
            note("the IQ's secret and PIN are stored");
            None
        }
        (Step::PinNeeded, None) => {
            note("the IQ's secret is stored; Salto sends the PIN to the account's user by mail");
            Some(pin::from_standard_input().await?)
        }
    };
    note("proving secret and PIN to Salto");
    activation::finish(site, activations, iq, pin).await?;
    tell(access, iq).await;
    Ok(())
}

/// Has the workers tell the booking system. The IQ is activated, whatever becomes of that.
async fn tell(access: &SiteAccess<'_>, iq: &str) {
    let integration_id = access.site.integration_id();
    let told = async {
        let stored = access.activations.get(integration_id, iq).await?;
        let sealed = stored.as_ref().map(Stored::sealed).unwrap_or_default();
        anyhow::Ok(access.guard.activated(integration_id, iq, sealed).await?)
    };
    if let Err(error) = told.await {
        note(&format!("the workers could not be told of it: {error:#}"));
    }
}
