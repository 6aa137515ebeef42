//! `postern integration remove`: removes a stored integration.

use clap::Args;
use config::{ChangeError, Config};
use operations::connections::store_failure::store_failure;
use serde::Serialize;

use super::{
    access::{self, change_failure},
    row::IntegrationReport,
};
use crate::cli::{
    arguments::{confirmation::Confirmation, output_format::OutputFlag},
    failure::CommandFailure,
    operator::operator,
    terminal::output::{Output, print_note},
};

/// Arguments of `integration remove`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Once the command has ended, no command for the integration leaves any worker: requests that wait are
rejected as integration_unknown. Its bookings, tokens and the activations of its IQs stay: stored again
with the same id, it opens doors at once. To switch it off for a while, apply it with active = false.

Examples:
  postern integration remove acme-utrecht
  postern integration remove acme-utrecht --yes")]
pub(crate) struct RemoveArguments {
    /// The id of the integration.
    #[arg(value_name = "ID")]
    id: String,
    /// Remove it only where this is its version.
    #[arg(long, value_name = "VERSION")]
    based_on: Option<u64>,
    #[command(flatten)]
    confirm: Confirmation,
    #[command(flatten)]
    output: OutputFlag,
}

/// The result.
#[derive(Serialize)]
struct RemoveResult<'a> {
    integration_id: &'a str,
    /// The version of the removal.
    version: u64,
    result: &'static str,
}

/// Asks for confirmation, and removes what was shown.
pub(super) async fn run(arguments: RemoveArguments, config: &Config) -> Result<(), CommandFailure> {
    let RemoveArguments { id, based_on, confirm, output } = arguments;
    confirm.require_an_answer()?;
    let integrations = access::open(config)?;
    let Some(known) = integrations.get_stored(&id).await.map_err(store_failure)? else {
        let of_file = integrations.get(&id).await.map_err(store_failure)?.is_some();
        let error = if of_file { ChangeError::OfFile { id } } else { ChangeError::Unknown { id } };
        return Err(change_failure(error));
    };
    print_note(IntegrationReport::of(&known).text(&known).trim_end());
    if !confirm.ask("Remove it? No door of it opens afterwards.")? {
        print_note("nothing was removed");
        return Ok(());
    }
    let based_on = based_on.or(known.version());
    let removed = integrations.remove(&id, based_on, &operator()).await.map_err(change_failure)?;
    let result =
        RemoveResult { integration_id: &removed.id, version: removed.version, result: "removed" };
    Output::new(output).print(&result, || format!("removed {}", removed.id))
}
