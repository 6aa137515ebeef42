//! `postern audit`: who asked for which door, and what came of it.
//!
//! Lines come from a [`source`] in parts, in either direction; the [`sieve`] lets through what is
//! wanted, once. [`newest`] keeps the last few of them, [`follow`] waits for more, and [`row`] shows
//! them to people.

mod filters;
mod follow;
mod lines;
mod newest;
mod row;
mod sieve;
mod source;

use std::path::PathBuf;

use chrono::Utc;
use clap::Args;
use consumer::Settings;

use self::{filters::Filters, sieve::Sieve, source::Source};
use super::{
    args::{OutputFormat, Printing},
    failure::Failure,
    output::{Output, note},
};

/// As many as a person reads, where nobody says how many.
const FEW: usize = 100;

/// Arguments of `audit`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern audit --booking b-1
  postern audit --outcome rejected --since -2h
  postern audit --lock a5091d73-d7ea-4eb7-b883-0a4d241584ca --all --output json
  postern audit --follow --integration acme-utrecht
  kubectl logs postern-0 | postern audit --file - --request 7d3c4c8e

Reads what [audit] in the configuration names: the stream in Redis, or the directory of days on this
machine. For \"stdout\", --file reads what was collected. A line that was written twice, by a worker
that died and the one that took over, is shown once (where at most 100,000 wanted ones are between).")]
pub(super) struct Audit {
    #[command(flatten)]
    filters: Filters,
    /// The newest so many [default: 100 for people, all for json].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// All of them, as they are read: not aligned.
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    /// Those that come from now on, until Ctrl-C.
    #[arg(long, conflicts_with_all = ["limit", "all", "since", "until", "file"])]
    follow: bool,
    /// Read this file of lines, such as collected output of workers; - is standard input. Whatever
    /// else is in it is left out.
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    #[command(flatten)]
    printing: Printing,
}

impl Audit {
    /// How many are kept until the end; none where they are printed as they are read.
    fn newest(&self) -> Option<usize> {
        let usual = match self.printing.output {
            OutputFormat::Human if !self.all => Some(FEW),
            OutputFormat::Human | OutputFormat::Json => None,
        };
        self.limit.and_then(|limit| usize::try_from(limit).ok()).or(usual)
    }
}

/// Reads, and prints what is wanted.
pub(super) async fn run(audit: Audit, settings: &Settings) -> Result<(), Failure> {
    let output = Output::new(audit.printing);
    let newest = audit.newest();
    let wanted = audit.filters.at(Utc::now());
    let (since, until) = wanted.period();
    let mut sieve = Sieve::new(wanted);
    if audit.follow {
        return follow::run(&mut sieve, settings, &output).await;
    }
    let source = match audit.file {
        Some(path) => Source::File(path),
        None => Source::configured(settings)?,
    };
    let Some(limit) = newest else {
        let mut parts = source.parts((since, until), false)?;
        let mut each = |line: &str| match sieve.admit(line) {
            Some(entry) => output.line(line, || row::words(&entry)),
            None => Ok(()),
        };
        while parts.next(&mut each).await? {}
        sieve.tell();
        return Ok(());
    };
    let mut parts = source.parts((since, until), true)?;
    let (found, more) = newest::find(limit, &mut parts, &mut sieve).await?;
    match audit.printing.output {
        OutputFormat::Human if found.is_empty() => note("no such decisions"),
        OutputFormat::Human => {
            output.table(row::HEADER, found.iter().map(|it| row::cells(&it.1)))?
        }
        OutputFormat::Json => {
            found.iter().try_for_each(|(line, _)| output.line(line, String::new))?;
        }
    }
    if more {
        note(&format!("the newest {limit}; there are more: --limit N, or --all"));
    }
    sieve.tell();
    Ok(())
}
