//! `postern audit`: who requested which door, and the outcome.
//!
//! Lines are read from a [`source`] in batches, in either direction. The [`mod@filter`] keeps the
//! selected decisions, each of them once. [`newest`] finds the last few of them, [`follow`] waits for
//! new ones, and [`row`] is a decision as text.

mod filter;
mod filter_arguments;
mod follow;
mod line_reader;
mod newest;
mod row;
mod source;

use std::path::PathBuf;

use chrono::Utc;
use clap::Args;
use consumer::Settings;
use operations::check_configured;

use self::{
    filter::EntryFilter,
    filter_arguments::AuditFilterArguments,
    newest::Newest,
    source::{BatchReader, Source},
};
use crate::cli::{
    arguments::output_format::{OutputFlag, OutputFormat},
    failure::CommandFailure,
    terminal::output::{Output, print_note},
};
use config::integration_ids;

/// The number of decisions that are shown to people without `--limit`.
const DEFAULT_LIMIT: usize = 100;

/// Arguments of `audit`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern audit --booking b-1
  postern audit --outcome rejected --since -2h
  postern audit --lock a5091d73-d7ea-4eb7-b883-0a4d241584ca --all --output json
  postern audit --follow --integration acme-utrecht
  kubectl logs postern-0 | postern audit --file - --request 7d3c4c8e

Reads the source that [audit] configures: the stream in Redis, or the directory of days on this
machine. For \"stdout\", --file reads the collected output. A line that was written twice, by a
worker that died and by the one that took over, is shown once (where at most 100,000 selected lines
are between the two).")]
pub(crate) struct AuditArguments {
    #[command(flatten)]
    filters: AuditFilterArguments,
    /// Show this number of newest decisions [default: 100 as text, all as json].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Show all decisions as they are read, without alignment.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Show new decisions as they are written, until Ctrl-C. Where Redis does not answer, it is asked again until
    /// it does.
    #[arg(long, conflicts_with_all = ["limit", "all", "since", "until", "file"])]
    follow: bool,
    /// Read the lines from this file, such as the collected output of workers; - is standard input.
    /// Lines that are not of the audit are left out.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    #[command(flatten)]
    output: OutputFlag,
}

impl AuditArguments {
    /// The number of newest decisions to show; nothing where all are printed as they are read.
    fn limit(&self) -> Option<usize> {
        let default = match self.output.format {
            OutputFormat::Human if !self.all => Some(DEFAULT_LIMIT),
            OutputFormat::Human | OutputFormat::Json => None,
        };
        self.limit.and_then(|limit| usize::try_from(limit).ok()).or(default)
    }
}

/// Reads the audit and prints the selected decisions.
pub(crate) async fn run(
    arguments: AuditArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let output = Output::new(arguments.output);
    let limit = arguments.limit();
    let mut filter = EntryFilter::new(arguments.filters, Utc::now());
    let configured = integration_ids(settings);
    if arguments.follow {
        check_configured(filter.missing_integration(), Some(configured.as_slice()))?;
        return follow::run(&mut filter, settings, &output).await;
    }
    let source = match arguments.file {
        Some(path) => Source::File(path),
        None => Source::configured(settings)?,
    };
    match limit {
        Some(limit) => {
            let newest_first = source.batches(filter.period(), true)?;
            print_newest(limit, newest_first, &mut filter, &output, arguments.output.format)
                .await?;
        }
        None => print_all(source.batches(filter.period(), false)?, &mut filter, &output).await?,
    }
    filter.report_invalid_lines();
    // An integration that is no longer configured may have decisions.
    Ok(check_configured(filter.missing_integration(), Some(configured.as_slice()))?)
}

/// Prints all selected decisions as they are read.
async fn print_all(
    mut batches: BatchReader<'_>,
    filter: &mut EntryFilter,
    output: &Output,
) -> Result<(), CommandFailure> {
    let mut print = |line: &str| match filter.new_entry(line) {
        Some(entry) => output.print_line(line, || row::line(&entry)),
        None => Ok(()),
    };
    while batches.read_next(&mut print).await? {}
    Ok(())
}

/// Prints the newest selected decisions, the oldest of them first.
async fn print_newest(
    limit: usize,
    mut batches: BatchReader<'_>,
    filter: &mut EntryFilter,
    output: &Output,
    format: OutputFormat,
) -> Result<(), CommandFailure> {
    let Newest { entries, has_more } = newest::find(limit, &mut batches, filter).await?;
    match format {
        OutputFormat::Human if entries.is_empty() => print_note("no decisions match"),
        OutputFormat::Human => {
            output.print_table(row::HEADER, entries.iter().map(|it| row::cells(&it.entry)))?;
        }
        OutputFormat::Json => {
            entries.iter().try_for_each(|it| output.print_line(&it.line, String::new))?;
        }
    }
    if has_more {
        print_note(&format!("the newest {limit}; there are more: --limit N, or --all"));
    }
    Ok(())
}
