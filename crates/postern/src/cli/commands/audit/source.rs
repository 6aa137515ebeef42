//! The source of the lines of the audit, which is read in batches.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    vec,
};

use anyhow::Context;
use chrono::NaiveDate;
use consumer::{
    AuditSink, Settings,
    audit::{AuditLines, AuditStream, DailyFiles},
};

use super::{
    filter::Period,
    line_reader::{LineRead, read_line},
};
use crate::cli::failure::CommandFailure;

/// The source of the lines.
pub(super) enum Source {
    Stream(Box<AuditStream>),
    Days(DailyFiles),
    /// `-` is standard input.
    File(PathBuf),
}

/// Reads the lines of a source in batches.
pub(super) enum BatchReader<'a> {
    /// A batch is a few lines of the stream.
    Stream(AuditLines<'a>),
    /// A batch is a file.
    Files(vec::IntoIter<PathBuf>),
}

impl Source {
    /// The source that `[audit]` configures.
    pub(super) fn configured(settings: &Settings) -> Result<Self, CommandFailure> {
        let not_readable = |what: &str| {
            Err(CommandFailure::Usage(format!(
                "[audit] in the configuration says {what}: give --file PATH, or --file - for \
                 standard input"
            )))
        };
        match &settings.audit {
            AuditSink::Redis => {
                let trail = AuditStream::new(&settings.redis)
                    .context("redis.url or redis.sentinels cannot be used")?;
                Ok(Self::Stream(Box::new(trail)))
            }
            AuditSink::Directory(directory) => Ok(Self::Days(DailyFiles::new(directory))),
            AuditSink::Stdout => not_readable(
                "to = \"stdout\", so the lines are in the collected standard output of the workers",
            ),
            AuditSink::Off => not_readable("to = \"off\", so no new lines are kept"),
        }
    }

    /// A reader of all batches that may contain lines of that period.
    pub(super) fn batches(
        &self,
        Period { since, until }: Period,
        newest_first: bool,
    ) -> Result<BatchReader<'_>, CommandFailure> {
        match self {
            Self::Stream(trail) => Ok(BatchReader::Stream(trail.lines(since, until, newest_first))),
            Self::Days(days) => {
                let mut files = list_days(days)?;
                files.retain(|DayFile { day, .. }| {
                    since.is_none_or(|since| *day >= since.date_naive())
                        && until.is_none_or(|until| *day <= until.date_naive())
                });
                if newest_first {
                    files.reverse();
                }
                let files: Vec<_> = files.into_iter().map(|it| it.path).collect();
                Ok(BatchReader::Files(files.into_iter()))
            }
            Self::File(path) => Ok(BatchReader::Files(vec![path.clone()].into_iter())),
        }
    }
}

/// The file of the lines of one day.
pub(super) struct DayFile {
    pub(super) day: NaiveDate,
    pub(super) path: PathBuf,
}

/// The files of the days, the oldest first.
pub(super) fn list_days(days: &DailyFiles) -> Result<Vec<DayFile>, CommandFailure> {
    let listed =
        days.list().context("the audit's directory cannot be read; is it on this machine?");
    Ok(listed?.into_iter().map(|(day, path)| DayFile { day, path }).collect())
}

impl BatchReader<'_> {
    /// Calls `for_each` with the lines of the next batch, the oldest first. Returns whether there was a
    /// batch.
    pub(super) async fn read_next(
        &mut self,
        for_each: &mut impl FnMut(&str) -> Result<(), CommandFailure>,
    ) -> Result<bool, CommandFailure> {
        match self {
            Self::Stream(lines) => {
                let lines = lines.next().await.context("the audit cannot be read")?;
                lines.iter().try_for_each(|line| for_each(line))?;
                Ok(!lines.is_empty())
            }
            Self::Files(files) => {
                let Some(path) = files.next() else { return Ok(false) };
                read_file(&path, for_each)?;
                Ok(true)
            }
        }
    }
}

fn read_file(
    path: &Path,
    for_each: &mut impl FnMut(&str) -> Result<(), CommandFailure>,
) -> Result<(), CommandFailure> {
    let error = || format!("{} cannot be read", path.display());
    let mut reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).with_context(error)?))
    };
    let mut line = String::new();
    while read_line(&mut reader, &mut line).with_context(error)? != LineRead::End {
        for_each(&line)?;
    }
    Ok(())
}
