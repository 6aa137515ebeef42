//! Decisions as they come.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use consumer::{
    Settings,
    audit::{AuditLines, DailyFiles},
};

use super::{
    lines::{self, Read},
    row,
    sieve::Sieve,
    source::{Source, list},
};
use crate::cli::{
    failure::Failure,
    output::{Output, note},
};

/// How often to look for more.
const EVERY: Duration = Duration::from_millis(250);

/// Prints what is wanted of what comes, until Ctrl-C.
pub(super) async fn run(
    sieve: &mut Sieve,
    settings: &Settings,
    output: &Output,
) -> Result<(), Failure> {
    let source = Source::configured(settings)?;
    let mut coming = Coming::of(&source).await?;
    note("listening…");
    let following = async {
        loop {
            coming
                .next(&mut |line| match sieve.admit(line) {
                    Some(entry) => output.line(line, || row::words(&entry)),
                    None => Ok(()),
                })
                .await?;
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        result = following => result,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("cannot listen for Ctrl-C").map_err(Failure::from)
        }
    }
}

/// What has not been read yet.
enum Coming<'a> {
    Stream(AuditLines<'a>),
    /// How far each day has been read.
    Days(&'a DailyFiles, BTreeMap<PathBuf, u64>),
}

impl<'a> Coming<'a> {
    async fn of(source: &'a Source) -> Result<Self, Failure> {
        match source {
            Source::Stream(trail) => {
                let lines = trail.added_from_now().await.context("the audit cannot be read")?;
                Ok(Self::Stream(lines))
            }
            Source::Days(days) => {
                let mut read = BTreeMap::new();
                for (_, path) in list(days)? {
                    let length = path.metadata().map_or(0, |metadata| metadata.len());
                    read.insert(path, length);
                }
                Ok(Self::Days(days, read))
            }
            Source::File(_) => Err(Failure::Usage("a file is read to its end".to_owned())),
        }
    }

    async fn next(
        &mut self,
        each: &mut impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self {
            Self::Stream(coming) => {
                let lines = coming.next().await.context("the audit cannot be read")?;
                lines.iter().try_for_each(|line| each(line))
            }
            Self::Days(days, read) => {
                for (_, path) in list(days)? {
                    let from = read.entry(path.clone()).or_default();
                    *from = read_on(&path, *from, each)?;
                }
                Ok(())
            }
        }
    }
}

/// Reads whole lines from a place on; the place to go on from.
fn read_on(
    path: &Path,
    mut from: u64,
    each: &mut impl FnMut(&str) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    // One that has just been removed has nothing to add.
    let Ok(mut file) = File::open(path) else { return Ok(from) };
    let what = || format!("{} cannot be read", path.display());
    file.seek(SeekFrom::Start(from)).with_context(what)?;
    let mut reader = BufReader::new(file);
    let mut line = String::new();
    // What does not end yet is still being written.
    while let Read::Whole(length) = lines::next(&mut reader, &mut line).with_context(what)? {
        each(&line)?;
        from += length;
    }
    Ok(from)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_line_that_is_still_being_written_is_awaited() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("day");
        let mut seen = Vec::new();
        let mut from = 0;
        for text in ["a\nb", "a\nbb\n", "a\nbb\n\nc\n"] {
            fs::write(&path, text).unwrap();
            let mut keep = |line: &str| {
                seen.push(line.to_owned());
                Ok(())
            };
            from = read_on(&path, from, &mut keep).unwrap();
        }
        assert_eq!(seen, ["a", "bb", "", "c"]);
        assert_eq!(read_on(&directory.path().join("gone"), 7, &mut |_| Ok(())).unwrap(), 7);
    }
}
