//! `postern integration list`: all integrations, and where each comes from.

use clap::Args;
use config::{Config, KnownIntegration};
use operations::connections::advice;

use super::{
    access,
    row::{HEADER, IntegrationRow},
};
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::output::{Output, print_note},
};

/// Arguments of `integration list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern integration list
  postern integration list --output json | jq -r 'select(.origin == \"stored\") | .id'

FROM: file, the configuration file, where it is changed; stored, Redis, where `postern integration apply`
changes it. Where Redis does not answer, those of the file are shown, and the exit status is 1.")]
pub(crate) struct ListArguments {
    #[command(flatten)]
    output: OutputFlag,
}

/// Prints all integrations.
pub(super) async fn run(arguments: ListArguments, config: &Config) -> Result<(), CommandFailure> {
    let integrations = access::open(config)?;
    let (all, failure) = match integrations.list().await {
        Ok(all) => (all, None),
        Err(error) => {
            (integrations.of_file().cloned().collect::<Vec<KnownIntegration>>(), Some(error))
        }
    };
    let rows: Vec<IntegrationRow<'_>> = all.iter().map(IntegrationRow::of).collect();
    Output::new(arguments.output).print_all(&rows, HEADER, IntegrationRow::cells)?;
    rows.iter().filter_map(IntegrationRow::problem_line).for_each(|line| print_note(&line));
    match failure {
        None => Ok(()),
        Some(error) => Err(CommandFailure::message(format!(
            "the stored integrations are unknown: {error}; {}",
            advice::REDIS_UNUSABLE
        ))),
    }
}
