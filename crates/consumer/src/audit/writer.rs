//! Writing the lines that do not go to Redis: into the day's file, or to standard output.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
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
}

/// The member of a line that names its day.
#[derive(Deserialize)]
struct At {
    at: DateTime<Utc>,
}

impl AuditWriter {
    pub(crate) fn new(sink: AuditSink) -> Self {
        Self { sink, permit: Arc::new(Semaphore::new(1)) }
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

    /// Writes a line on a thread of its own: a disk that hangs must not delay other doors.
    pub(crate) async fn write(&self, line: &str) -> Result<(), AuditWriteError> {
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
