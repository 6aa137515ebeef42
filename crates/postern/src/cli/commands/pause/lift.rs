//! `postern pause lift`: ends a pause that Salto asked for.

use anyhow::Context;
use clap::Args;
use consumer::{Lookup, Settings};
use operations::connections::{
    pause, site_access::selected_integrations, store_failure::store_failure,
};
use serde::Serialize;

use crate::cli::{
    arguments::{integration::IntegrationArgument, output_format::OutputFlag},
    failure::CommandFailure,
    terminal::output::Output,
};

/// Arguments of `pause lift`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  postern pause lift --integration acme-utrecht

For a pause that Salto did not mean, for example after a fault at Salto has ended. Calls are sent again at
once, by all workers; where Salto still wants none, it answers with the next pause. Requests that were
parked for the pause return when it would have ended, or expire; new ones are not delayed.
Without a pause there is nothing to do, and the exit status is 0.")]
pub(crate) struct LiftArguments {
    #[command(flatten)]
    integration: IntegrationArgument,
    #[command(flatten)]
    output: OutputFlag,
}

/// The result.
#[derive(Serialize)]
struct LiftedPause<'a> {
    integration_id: &'a str,
    /// Whether there was a pause.
    lifted: bool,
    /// What was left of it.
    seconds_left: u64,
}

/// Removes the pause.
pub(super) async fn run(
    arguments: LiftArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let integration_id = arguments.integration.integration_id.as_str();
    selected_integrations(settings, Some(integration_id))?;
    let lookup =
        Lookup::new(&settings.redis).context("redis.url or redis.sentinels cannot be used")?;
    let left = lookup.pause(integration_id).await.map_err(store_failure)?;
    let lifted = lookup.lift_pause(integration_id).await.map_err(store_failure)?;
    let seconds_left = if lifted { pause::whole_seconds(left) } else { 0 };
    let result = LiftedPause { integration_id, lifted, seconds_left };
    Output::new(arguments.output).print(&result, || {
        if lifted {
            format!("the pause is lifted; {seconds_left} s of it were left")
        } else {
            format!("there is no pause for {integration_id}")
        }
    })
}
