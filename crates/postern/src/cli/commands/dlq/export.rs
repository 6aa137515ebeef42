//! `postern dlq export`: dead letters as JSON Lines, changing nothing.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use config::BrokerConfig;
use operations::dead_letters::{DeadLetters, Export, LetterFile};

use super::selection::DlqFilterArguments;
use crate::cli::{
    arguments::output_format::{OutputFlag, OutputFormat},
    failure::CommandFailure,
    terminal::{
        observer::ProgressObserver,
        output::{Output, print_note},
    },
};

/// Arguments of `dlq export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    filters: DlqFilterArguments,
    /// Write to this file, which must not exist yet, instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The destination of the lines.
enum ExportDestination {
    File(LetterFile),
    Output(Output),
}

/// Writes each letter as it is read, so that bodies are not kept in memory.
pub(super) async fn run(
    arguments: ExportArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    // Progress would be shown between the results.
    let observer = match arguments.out {
        Some(_) => ProgressObserver::default(),
        None => ProgressObserver::hidden(),
    };
    let export = Export::open(DeadLetters::all(config, &observer)).await?;
    let mut destination = match &arguments.out {
        Some(path) => ExportDestination::File(LetterFile::create(path)?),
        None => ExportDestination::Output(Output::new(OutputFlag { format: OutputFormat::Json })),
    };
    let written = export.write_each(arguments.filters.into(), |document| match &mut destination {
        ExportDestination::File(file) => Ok(file.write(document)?),
        ExportDestination::Output(output) => output.print(document, String::new),
    });
    let count = written.await?;
    if let ExportDestination::File(mut file) = destination {
        file.sync().context("the export cannot be written")?;
    }
    print_note(&format!("exported {count} dead letters"));
    Ok(())
}
