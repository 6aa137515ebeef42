//! The audit as files: one per UTC day of decisions, `audit-2026-11-22.jsonl`.

use std::{
    collections::BTreeMap,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

/// A directory of daily files, which several workers of one machine may share.
#[derive(Debug, Clone)]
pub struct DailyFiles {
    directory: PathBuf,
}

impl DailyFiles {
    /// The files of this directory.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// The days that have a file, with their files.
    ///
    /// # Errors
    ///
    /// Where the directory cannot be read.
    pub fn list(&self) -> io::Result<BTreeMap<NaiveDate, PathBuf>> {
        let mut days = BTreeMap::new();
        for entry in self.directory.read_dir()? {
            let path = entry?.path();
            if let Some(day) = path.file_name().and_then(|name| day(name.to_str()?)) {
                days.insert(day, path);
            }
        }
        Ok(days)
    }

    /// Makes the directory where it is missing, and today's file, as writing does.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o750).create(&self.directory)?;
        self.open(Utc::now().date_naive()).map(drop)
    }

    /// Appends a line to its day's file, and waits until the disk has it.
    ///
    /// It is one write to a file opened for appending, so that lines of several workers do not mix: local
    /// file systems lock the file while they write. Where an earlier write was cut off (a full disk), its
    /// line is ended first; it stays in the file as a line that cannot be read.
    pub(crate) fn append(&self, day: NaiveDate, line: &str) -> io::Result<()> {
        let mut file = self.open(day)?;
        let length = file.metadata()?.len();
        let mut last = [b'\n'];
        if let Some(end) = length.checked_sub(1) {
            file.read_exact_at(&mut last, end)?;
        }
        let torn = if last == [b'\n'] { "" } else { "\n" };
        let text = format!("{torn}{line}\n");
        if file.write(text.as_bytes())? < text.len() {
            return Err(io::Error::new(io::ErrorKind::WriteZero, "only a part was written"));
        }
        file.sync_data()?;
        if length == 0 {
            // The file's name must reach the disk as its content does.
            File::open(&self.directory)?.sync_all()?;
        }
        Ok(())
    }

    /// Removes the days that ended `retention` ago or earlier. Answers the removed days.
    pub(crate) fn remove_expired(
        &self,
        now: DateTime<Utc>,
        retention: Duration,
    ) -> io::Result<Vec<NaiveDate>> {
        let mut removed = Vec::new();
        for (day, path) in self.list()? {
            let end = day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
            let age = now - end.and_time(NaiveTime::MIN).and_utc();
            if age.to_std().is_ok_and(|age| age >= retention) {
                match std::fs::remove_file(path) {
                    Ok(()) => removed.push(day),
                    // Another worker has removed it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(removed)
    }

    fn open(&self, day: NaiveDate) -> io::Result<File> {
        let path = self.directory.join(format!("audit-{day}.jsonl"));
        OpenOptions::new().read(true).append(true).create(true).mode(0o640).open(path)
    }
}

/// The day of a daily file's name; none for other files.
fn day(name: &str) -> Option<NaiveDate> {
    let day = name.strip_prefix("audit-")?.strip_suffix(".jsonl")?;
    let parsed = day.parse::<NaiveDate>().ok()?;
    (parsed.to_string() == day).then_some(parsed)
}

#[cfg(test)]
mod tests;
