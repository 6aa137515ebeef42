//! `postern check-event`: the verdict of the decoder on events in files, without broker or configuration.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::Args;
use events::{DecodeError, Event, InboundData, InboundEvent, decode_event, limits};
use serde::Serialize;

use crate::cli::{
    arguments::{output_format::OutputFlag, time_argument::TimeArgument},
    failure::CommandFailure,
    terminal::output::Output,
};

/// Standard input, in place of a file.
const STDIN: &str = "-";

/// Arguments of `check-event`.
#[derive(Debug, Args)]
#[command(after_help = "\
A file holds one event in the structured mode of CloudEvents: the body of a message. Of a directory, all
files below it whose names end in .json are checked. The exit status is 1 where an event is not valid.

Examples:
  postern check-event event.json
  my-publisher --print | postern check-event -
  postern check-event events/ --now 2027-03-01T12:00:00Z --output json")]
pub(crate) struct CheckEventArguments {
    /// A file, a directory, or - for standard input.
    #[arg(value_name = "FILE", required = true)]
    paths: Vec<PathBuf>,
    /// The worker's clock: an event must not be more than 5 minutes ahead of it [default: now].
    #[arg(long, value_name = "TIME")]
    now: Option<TimeArgument>,
    #[command(flatten)]
    output: OutputFlag,
}

/// The verdict on one file.
#[derive(Serialize)]
struct Verdict {
    file: String,
    ok: bool,
    #[serde(flatten)]
    result: VerdictResult,
}

#[derive(Serialize)]
#[serde(untagged)]
enum VerdictResult {
    Valid {
        r#type: &'static str,
        id: String,
        /// The routing key that is right whatever `broker.routing` is.
        routing_key: String,
    },
    Invalid {
        /// The `postern-reason` of its dead letter.
        reason: &'static str,
        mistakes: Vec<String>,
    },
}

/// Checks each file and prints its verdict.
pub(crate) fn run(arguments: CheckEventArguments) -> Result<(), CommandFailure> {
    let clock = Utc::now();
    let now = arguments.now.map_or(clock, |time| time.at(clock));
    let output = Output::new(arguments.output);
    let mut invalid = 0_usize;
    let files = files(&arguments.paths)?;
    for file in &files {
        let verdict = Verdict::of(file, &read(file)?, now);
        invalid += usize::from(!verdict.ok);
        output.print(&verdict, || verdict.text())?;
    }
    match (invalid, files.len()) {
        (0, _) => Ok(()),
        (1, 1) => Err(CommandFailure::message("the event is not valid".to_owned())),
        (invalid, count) => {
            Err(CommandFailure::message(format!("{invalid} of {count} events are not valid")))
        }
    }
}

/// The files, with those of directories in place of these.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        add_files_below(path, &mut files)?;
        anyhow::ensure!(
            files.len() > before,
            "there is no file whose name ends in .json below {}",
            path.display()
        );
    }
    Ok(files)
}

fn add_files_below(directory: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let cannot_list = || format!("cannot list {}", directory.display());
    let entries = fs::read_dir(directory).with_context(cannot_list)?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()
        .with_context(cannot_list)?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add_files_below(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

/// The bytes of a file, up to one more than an event may have.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let limit = u64::try_from(limits::BODY + 1).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    if path == Path::new(STDIN) {
        io::stdin().take(limit).read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        let file = fs::File::open(path);
        file.and_then(|file| file.take(limit).read_to_end(&mut bytes))
            .with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(bytes)
}

impl Verdict {
    fn of(path: &Path, body: &[u8], now: DateTime<Utc>) -> Self {
        let result = match decode_event(body, now) {
            Ok(InboundEvent::BookingStatus(event)) => VerdictResult::valid(event),
            Ok(InboundEvent::OpenRequest(event)) => VerdictResult::valid(event),
            Err(DecodeError { kind, detail: _, mistakes }) => {
                VerdictResult::Invalid { reason: kind.code(), mistakes }
            }
        };
        let ok = matches!(result, VerdictResult::Valid { .. });
        Self { file: path.display().to_string(), ok, result }
    }

    fn text(&self) -> String {
        match &self.result {
            VerdictResult::Valid { r#type, id, routing_key } => {
                format!("ok       {}: {type} {id}, routing key {routing_key}", self.file)
            }
            VerdictResult::Invalid { reason, mistakes } => {
                let mistakes = mistakes.join("\n           ");
                format!("INVALID  {}: {reason}\n           {mistakes}", self.file)
            }
        }
    }
}

impl VerdictResult {
    fn valid<T: InboundData>(event: Event<T>) -> Self {
        let routing_key = event.strict_routing_key();
        Self::Valid { r#type: T::EVENT_TYPE, id: event.id, routing_key }
    }
}
