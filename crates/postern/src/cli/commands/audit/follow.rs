//! `postern audit --follow`: new decisions, as they are written.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use chrono::{DateTime, Utc};
use consumer::{
    Settings, StoreError,
    audit::{AuditLines, DailyFiles},
};
use operations::connections::store_failure::store_failure;
use publisher::Reconnect;

use super::{
    filter::EntryFilter,
    line_reader::{LineRead, read_line},
    row,
    source::{DayFile, Source, list_days},
};
use crate::cli::{
    failure::CommandFailure,
    terminal::{
        output::{Output, print_note},
        text::time_text,
    },
};

/// The interval between two looks for new lines.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Prints new selected decisions until Ctrl-C.
pub(super) async fn run(
    filter: &mut EntryFilter,
    settings: &Settings,
    output: &Output,
) -> Result<(), CommandFailure> {
    let source = Source::configured(settings)?;
    let mut new_lines = NewLines::after(&source).await?;
    print_note("listening…");
    let mut outage = Outage::default();
    loop {
        let mut print = |line: &str| match filter.new_entry(line) {
            Some(entry) => output.print_line(line, || row::line(&entry)),
            None => Ok(()),
        };
        let wait = match new_lines.read(&mut print).await {
            Ok(()) => outage.end(),
            Err(NotRead::Away(error)) => outage.wait(&error),
            Err(NotRead::Failed(failure)) => return Err(failure),
        };
        tokio::time::sleep(wait).await;
    }
}

/// Why lines were not read.
enum NotRead {
    /// Redis does not answer.
    Away(StoreError),
    Failed(CommandFailure),
}

/// The time for which Redis does not answer.
#[derive(Default)]
struct Outage {
    since: Option<DateTime<Utc>>,
    delays: Reconnect,
}

impl Outage {
    /// Notes that Redis answers; returns the time until it is asked again.
    fn end(&mut self) -> Duration {
        if let Some(since) = self.since.take() {
            let since = time_text(Some(since));
            print_note(&format!(
                "Redis answers again, for the first time since {since}: decisions that it has stored \
                 meanwhile follow; those that it has lost are not seen"
            ));
            self.delays.reset();
        }
        POLL_INTERVAL
    }

    /// Notes that Redis does not answer, once; returns the time until it is asked again.
    fn wait(&mut self, error: &StoreError) -> Duration {
        if self.since.is_none() {
            self.since = Some(Utc::now());
            print_note(&format!("{error}; trying again"));
        }
        self.delays.next_delay()
    }
}

/// The lines of a source that are not read yet.
enum NewLines<'a> {
    Stream(AuditLines<'a>),
    /// The files of the days, with the position up to which each of them is read.
    Days {
        days: &'a DailyFiles,
        positions: BTreeMap<PathBuf, u64>,
    },
}

impl<'a> NewLines<'a> {
    /// The lines that are written after now.
    async fn after(source: &'a Source) -> Result<Self, CommandFailure> {
        match source {
            Source::Stream(trail) => {
                let lines = trail.added_from_now().await.context("the audit cannot be read")?;
                Ok(Self::Stream(lines))
            }
            Source::Days(days) => {
                let mut positions = BTreeMap::new();
                for DayFile { path, .. } in list_days(days)? {
                    let length = path.metadata().map_or(0, |metadata| metadata.len());
                    positions.insert(path, length);
                }
                Ok(Self::Days { days, positions })
            }
            Source::File(_) => Err(CommandFailure::Usage(
                "--follow cannot be used with --file: a file is read to its end".to_owned(),
            )),
        }
    }

    async fn read(
        &mut self,
        for_each: &mut impl FnMut(&str) -> Result<(), CommandFailure>,
    ) -> Result<(), NotRead> {
        match self {
            Self::Stream(stream) => {
                let lines = stream.next().await.map_err(|error| match error {
                    error @ StoreError::Away(_) => NotRead::Away(error),
                    error @ StoreError::Record(_) => NotRead::Failed(store_failure(error).into()),
                })?;
                lines.iter().try_for_each(|line| for_each(line)).map_err(NotRead::Failed)
            }
            Self::Days { days, positions } => {
                for DayFile { path, .. } in list_days(days).map_err(NotRead::Failed)? {
                    let position = positions.entry(path.clone()).or_default();
                    let read = read_from(&path, *position, for_each);
                    *position = read.map_err(NotRead::Failed)?;
                }
                Ok(())
            }
        }
    }
}

/// Reads complete lines from a position on; returns the position after them.
fn read_from(
    path: &Path,
    mut position: u64,
    for_each: &mut impl FnMut(&str) -> Result<(), CommandFailure>,
) -> Result<u64, CommandFailure> {
    // A file that was just removed has no new lines.
    let Ok(mut file) = File::open(path) else { return Ok(position) };
    let error = || format!("{} cannot be read", path.display());
    file.seek(SeekFrom::Start(position)).with_context(error)?;
    let mut reader = BufReader::new(file);
    let mut line = String::new();
    // An incomplete line is still being written.
    while let LineRead::Complete { bytes } =
        read_line(&mut reader, &mut line).with_context(error)?
    {
        for_each(&line)?;
        position += bytes;
    }
    Ok(position)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_incomplete_line_is_read_once_it_is_complete() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("day");
        let mut lines = Vec::new();
        let mut position = 0;
        for text in ["a\nb", "a\nbb\n", "a\nbb\n\nc\n"] {
            fs::write(&path, text).unwrap();
            let mut keep = |line: &str| {
                lines.push(line.to_owned());
                Ok(())
            };
            position = read_from(&path, position, &mut keep).unwrap();
        }
        assert_eq!(lines, ["a", "bb", "", "c"]);
        assert_eq!(read_from(&directory.path().join("removed"), 7, &mut |_| Ok(())).unwrap(), 7);
    }
}
