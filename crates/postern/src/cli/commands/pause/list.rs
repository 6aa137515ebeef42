//! `postern pause list`: the integrations that Salto has asked to pause.

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Args;
use consumer::{Lookup, Settings};
use operations::connections::{
    pause, site_access::selected_integrations, store_failure::store_failure,
};
use serde::Serialize;

use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::{
        output::{Output, print_note},
        text::time_text,
    },
};

/// Arguments of `pause list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern pause list
  postern pause list --output json | jq -r .integration_id

Salto asks for a pause with Retry-After; it applies to all calls of the integration, by all workers and
commands, for at most 15 minutes. Shows configured integrations only.")]
pub(crate) struct ListArguments {
    /// Only this integration.
    #[arg(long = "integration", value_name = "ID")]
    integration_id: Option<String>,
    #[command(flatten)]
    output: OutputFlag,
}

/// An integration to which no call is sent now.
#[derive(Serialize)]
struct PausedIntegration<'a> {
    integration_id: &'a str,
    seconds_left: u64,
    until: DateTime<Utc>,
}

/// Reads the pauses, and prints those that have not ended.
pub(super) async fn run(
    arguments: ListArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let integrations = selected_integrations(settings, arguments.integration_id.as_deref())?;
    let lookup =
        Lookup::new(&settings.redis).context("redis.url or redis.sentinels cannot be used")?;
    let mut paused = Vec::new();
    for integration in integrations {
        let integration_id = integration.rules.id.as_str();
        let left = lookup.pause(integration_id).await.map_err(store_failure)?;
        if !left.is_zero() {
            let (seconds_left, until) = (pause::whole_seconds(left), Utc::now() + left);
            paused.push(PausedIntegration { integration_id, seconds_left, until });
        }
    }
    if paused.is_empty() {
        print_note("no pause: Salto has asked for none that has not ended");
    }
    Output::new(arguments.output).print_all(
        &paused,
        ["INTEGRATION", "SECONDS LEFT", "UNTIL"],
        |it| {
            let until = time_text(Some(it.until));
            [it.integration_id.to_owned(), it.seconds_left.to_string(), until]
        },
    )
}
