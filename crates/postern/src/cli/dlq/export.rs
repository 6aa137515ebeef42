//! `postern dlq export`: dead letters as JSON Lines, changing nothing.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context;
use clap::Args;
use consumer::Settings;

use super::{
    archive,
    document::Document,
    open,
    selection::{Filters, Wanted},
    survey::Survey,
};
use crate::cli::{
    args::{OutputFormat, Printing},
    failure::Failure,
    output::{Output, note},
};

/// Arguments of `dlq export`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    #[command(flatten)]
    filters: Filters,
    /// Write to this file, which must not exist yet, instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Where the lines go.
enum Sink {
    File(BufWriter<File>),
    Output(Output),
}

/// Writes each letter as it comes: bodies are not gathered.
pub(super) async fn run(export: Export, settings: &Settings) -> Result<(), Failure> {
    let connection = open(settings).await?;
    let mut sink = match &export.out {
        Some(path) => Sink::File(BufWriter::new(archive::create(path)?)),
        None => Sink::Output(Output::new(Printing { output: OutputFormat::Json })),
    };
    let mut survey = Survey::begin(&connection, &Wanted::Like(export.filters)).await?;
    let mut count = 0_u64;
    while let Some(found) = survey.next().await? {
        let document = Document::new(found.facts, &found.letter.arrival);
        match &mut sink {
            Sink::File(file) => archive::write(file, &document)?,
            Sink::Output(output) => output.one(&document, String::new)?,
        }
        count += 1;
    }
    survey.end().await?;
    if let Sink::File(mut file) = sink {
        file.flush().context("the export cannot be written")?;
        file.get_ref().sync_all().context("the export cannot be written")?;
    }
    note(&format!("exported {count} dead letters"));
    let _ = connection.close(200, "done".into()).await;
    Ok(())
}
