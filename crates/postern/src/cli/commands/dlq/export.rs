//! `postern dlq export`: dead letters as JSON Lines, changing nothing.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context;
use clap::Args;

use super::{
    archive, connection,
    document::LetterDocument,
    search::Search,
    selection::{Criteria, DlqFilterArguments},
};
use crate::cli::{
    arguments::output_format::{OutputFlag, OutputFormat},
    failure::CommandFailure,
    terminal::output::{Output, print_note},
};
use config::BrokerConfig;

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
    File(BufWriter<File>),
    Output(Output),
}

/// Writes each letter as it is read, so that bodies are not kept in memory.
pub(super) async fn run(
    arguments: ExportArguments,
    config: &BrokerConfig,
) -> Result<(), CommandFailure> {
    let connection = connection::open(config).await?;
    let mut destination = match &arguments.out {
        Some(path) => ExportDestination::File(BufWriter::new(archive::create(path)?)),
        None => ExportDestination::Output(Output::new(OutputFlag { format: OutputFormat::Json })),
    };
    let criteria = Criteria::Matching(arguments.filters);
    let mut search = Search::begin(&connection, &criteria, config).await?;
    if arguments.out.is_none() {
        search.hide_progress();
    }
    let mut count = 0_u64;
    while let Some(found) = search.next().await? {
        let document = LetterDocument::new(found.info, &found.letter.arrival);
        match &mut destination {
            ExportDestination::File(file) => archive::write(file, &document)?,
            ExportDestination::Output(output) => output.print(&document, String::new)?,
        }
        count += 1;
    }
    search.end().await?;
    if let ExportDestination::File(mut file) = destination {
        file.flush().context("the export cannot be written")?;
        file.get_ref().sync_all().context("the export cannot be written")?;
    }
    print_note(&format!("exported {count} dead letters"));
    let _ = connection.close(200, "done".into()).await;
    Ok(())
}
