//! `postern integration export`: an integration as `apply` takes it.

use clap::Args;
use config::Config;

use super::access;
use crate::cli::{
    arguments::output_format::{OutputFlag, OutputFormat},
    failure::CommandFailure,
    terminal::output::{Output, print_text},
};

/// Arguments of `integration export`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern integration export acme-utrecht >acme.toml      edit it, and then:
  postern integration apply acme.toml

Prints TOML with the keys that were set and the version, on which `apply` then bases the change; with
--output json the same as JSON. The password is left out: `apply` keeps the stored one. One of the
configuration file is printed too, without a version: to move it to Redis, export it, remove it from the
file, send the workers SIGHUP, and apply it with its password.")]
pub(crate) struct ExportArguments {
    /// The id of the integration.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    output: OutputFlag,
}

/// Prints the document.
pub(super) async fn run(arguments: ExportArguments, config: &Config) -> Result<(), CommandFailure> {
    let known = access::find(&access::open(config)?, &arguments.id).await?;
    match arguments.output.format {
        OutputFormat::Human => print_text(&known.to_toml()),
        OutputFormat::Json => Output::new(arguments.output).print(&known.exported(), String::new),
    }
}
