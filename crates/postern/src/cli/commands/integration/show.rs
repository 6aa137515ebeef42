//! `postern integration show`: one integration with its version.

use clap::Args;
use config::Config;

use super::{access, row::IntegrationReport};
use crate::cli::{
    arguments::output_format::OutputFlag, failure::CommandFailure, terminal::output::Output,
};

/// Arguments of `integration show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern integration show acme-utrecht
  postern integration show acme-utrecht --output json | jq .version

Shows the keys that were set; `postern check-config` shows the defaults of the others. The password is
never shown.")]
pub(crate) struct ShowArguments {
    /// The id of the integration.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    output: OutputFlag,
}

/// Prints the integration.
pub(super) async fn run(arguments: ShowArguments, config: &Config) -> Result<(), CommandFailure> {
    let known = access::find(&access::open(config)?, &arguments.id).await?;
    let report = IntegrationReport::of(&known);
    Output::new(arguments.output).print(&report, || report.text(&known).trim_end().to_owned())
}
