//! Writing the lines that do not go to Redis: into the day's file, or to standard output.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::DailyFiles;
use crate::settings::AuditSink;

/// How long writing a line may take. A standard output that is not read takes no line.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a line is not written.
#[derive(Debug, thiserror::Error)]
pub enum AuditWriteError {
    /// The directory or its disk does not take it.
    #[error("{0} cannot be written: {1}")]
    Directory(PathBuf, #[source] io::Error),
    /// Standard output does not take it.
    #[error("standard output cannot be written: {0}")]
    Stdout(#[source] io::Error),
    /// Many other lines wait to be written.
    #[error("many other lines wait to be written")]
    Busy,
    /// It was not written in time.
    #[error("not written within {WRITE_TIMEOUT:?}")]
    TimedOut,
}

/// Writes lines, one after the other.
#[derive(Debug)]
pub(crate) struct AuditWriter {
    sink: AuditSink,
    /// Taken until a line is written, also where the caller has stopped waiting for it.
    permit: Arc<Semaphore>,
    /// The lines that may be waited for at a time: a sink that becomes slow must not take all places of the
    /// worker until that is known.
    waiting: Semaphore,
    /// Whether a line was not written in time; until the sink takes one again.
    stuck: AtomicBool,
}

/// The member of a line that names its day.
#[derive(Deserialize)]
struct At {
    at: DateTime<Utc>,
}

impl AuditWriter {
    /// `places`: the requests that the worker handles at a time; half of them may wait for their line.
    pub(crate) fn new(sink: AuditSink, places: usize) -> Self {
        let (permit, waiting) = (Arc::new(Semaphore::new(1)), Semaphore::new((places / 2).max(1)));
        Self { sink, permit, waiting, stuck: AtomicBool::new(false) }
    }

    pub(crate) const fn sink(&self) -> &AuditSink {
        &self.sink
    }

    /// Checks at start that lines can be written, before a door opens.
    pub(crate) fn prepare(&self) -> Result<(), AuditWriteError> {
        match &self.sink {
            AuditSink::Directory(directory) => DailyFiles::new(directory)
                .prepare()
                .map_err(|error| AuditWriteError::Directory(directory.clone(), error)),
            AuditSink::Redis | AuditSink::Stdout | AuditSink::Off => Ok(()),
        }
    }

    /// Writes a line on a thread of its own: a disk that hangs must not delay other doors. Fails at once
    /// while a line that was not written in time is still being written.
    pub(crate) async fn write(&self, line: &str) -> Result<(), AuditWriteError> {
        if self.stuck.load(Ordering::Relaxed) && self.permit.available_permits() == 0 {
            return Err(AuditWriteError::TimedOut);
        }
        let Ok(_waiting) = self.waiting.try_acquire() else { return Err(AuditWriteError::Busy) };
        let written = self.write_in_time(line).await;
        self.stuck.store(matches!(written, Err(AuditWriteError::TimedOut)), Ordering::Relaxed);
        written
    }

    async fn write_in_time(&self, line: &str) -> Result<(), AuditWriteError> {
        let (sink, line) = (self.sink.clone(), line.to_owned());
        let permit = Arc::clone(&self.permit).acquire_owned();
        let writing = async {
            let Ok(permit) = permit.await else { return Err(AuditWriteError::TimedOut) };
            let writing = spawn_blocking(move || {
                let _permit = permit;
                put(&sink, &line)
            });
            writing.await.unwrap_or(Err(AuditWriteError::TimedOut))
        };
        timeout(WRITE_TIMEOUT, writing).await.unwrap_or(Err(AuditWriteError::TimedOut))
    }
}

fn put(sink: &AuditSink, line: &str) -> Result<(), AuditWriteError> {
    match sink {
        AuditSink::Directory(directory) => {
            // A line without a readable time goes into today's file, so that it is not lost.
            let at = serde_json::from_str(line).map_or_else(|_| Utc::now(), |At { at }| at);
            let written = DailyFiles::new(directory).append(at.date_naive(), line);
            written.map_err(|error| AuditWriteError::Directory(directory.clone(), error))
        }
        AuditSink::Stdout => {
            let mut out = io::stdout().lock();
            let written = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
            written.map_err(AuditWriteError::Stdout)
        }
        AuditSink::Redis | AuditSink::Off => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sink_that_is_known_to_be_stuck_fails_at_once() {
        let writer = AuditWriter::new(AuditSink::Off, 64);
        // A line is being written for ever.
        let being_written = Arc::clone(&writer.permit).acquire_owned().await.unwrap();
        let first = writer.write("{}").await;
        assert!(matches!(first, Err(AuditWriteError::TimedOut)), "{first:?}");
        // No longer than half of what the first one has waited.
        let second = timeout(WRITE_TIMEOUT / 2, writer.write("{}")).await;
        assert!(matches!(second, Ok(Err(AuditWriteError::TimedOut))), "{second:?}");
        drop(being_written);
        for _ in 0..2 {
            writer.write("{}").await.unwrap();
        }
    }
    #[tokio::test]
    async fn half_of_the_places_wait_for_a_sink_that_is_slow() {
        let writer = AuditWriter::new(AuditSink::Off, 4);
        let being_written = Arc::clone(&writer.permit).acquire_owned().await.unwrap();
        let (first, second, third, ()) =
            tokio::join!(writer.write("{}"), writer.write("{}"), writer.write("{}"), async {
                drop(being_written)
            });
        assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
        assert!(matches!(third, Err(AuditWriteError::Busy)), "{third:?}");
    }
}
