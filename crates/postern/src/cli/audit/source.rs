//! Where lines are read from, part by part.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
    vec,
};

use anyhow::Context;
use chrono::{DateTime, Utc};
use consumer::{
    AuditSink, Settings,
    audit::{AuditLines, AuditStream, DailyFiles},
};

use super::lines::{self, Read};
use crate::cli::failure::Failure;

/// From when, and until when.
type Period = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// Where the lines are.
pub(super) enum Source {
    Stream(AuditStream),
    Days(DailyFiles),
    /// `-` is standard input.
    File(PathBuf),
}

/// A way through a source.
pub(super) enum Parts<'a> {
    /// A few lines at a time.
    Stream(AuditLines<'a>),
    /// File by file.
    Files(vec::IntoIter<PathBuf>),
}

impl Source {
    /// What `[audit]` names.
    pub(super) fn configured(settings: &Settings) -> Result<Self, Failure> {
        let elsewhere = |what: &str| {
            Err(Failure::Usage(format!(
                "[audit] in the configuration says {what}: give --file PATH, or --file - for \
                 standard input"
            )))
        };
        match &settings.audit {
            AuditSink::Redis => {
                let trail =
                    AuditStream::new(&settings.redis).context("redis.url cannot be used")?;
                Ok(Self::Stream(trail))
            }
            AuditSink::Directory(directory) => Ok(Self::Days(DailyFiles::new(directory))),
            AuditSink::Stdout => elsewhere(
                "to = \"stdout\", so the lines are wherever the workers' standard output goes",
            ),
            AuditSink::Off => {
                elsewhere("to = \"off\", so there are no lines but those kept from before")
            }
        }
    }

    /// All that may be of that time, in parts.
    pub(super) fn parts(
        &self,
        (since, until): Period,
        newest_first: bool,
    ) -> Result<Parts<'_>, Failure> {
        match self {
            Self::Stream(trail) => Ok(Parts::Stream(trail.lines(since, until, newest_first))),
            Self::Days(days) => {
                let mut files = list(days)?;
                files.retain(|(day, _)| {
                    since.is_none_or(|since| *day >= since.date_naive())
                        && until.is_none_or(|until| *day <= until.date_naive())
                });
                if newest_first {
                    files.reverse();
                }
                let files: Vec<_> = files.into_iter().map(|(_, path)| path).collect();
                Ok(Parts::Files(files.into_iter()))
            }
            Self::File(path) => Ok(Parts::Files(vec![path.clone()].into_iter())),
        }
    }
}

/// The days there are, the oldest first.
pub(super) fn list(days: &DailyFiles) -> Result<Vec<(chrono::NaiveDate, PathBuf)>, Failure> {
    let listed =
        days.list().context("the audit's directory cannot be read; is it on this machine?");
    Ok(listed?.into_iter().collect())
}

impl Parts<'_> {
    /// Hands over the next part's lines, the oldest first; whether there was another part.
    pub(super) async fn next(
        &mut self,
        each: &mut impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        match self {
            Self::Stream(lines) => {
                let lines = lines.next().await.context("the audit cannot be read")?;
                lines.iter().try_for_each(|line| each(line))?;
                Ok(!lines.is_empty())
            }
            Self::Files(files) => {
                let Some(path) = files.next() else { return Ok(false) };
                read(&path, each)?;
                Ok(true)
            }
        }
    }
}

fn read(path: &Path, each: &mut impl FnMut(&str) -> Result<(), Failure>) -> Result<(), Failure> {
    let what = || format!("{} cannot be read", path.display());
    let mut reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).with_context(what)?))
    };
    let mut line = String::new();
    while lines::next(&mut reader, &mut line).with_context(what)? != Read::End {
        each(&line)?;
    }
    Ok(())
}
