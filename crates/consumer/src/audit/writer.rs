//! Where lines go that are not in Redis: into the day's file, or to standard output.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::{
    sync::Semaphore,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, timeout},
};

use super::Days;
use crate::{settings::AuditSink, worker::Worker};

/// How long a line may take. A standard output that nobody reads takes none.
const WRITING: Duration = Duration::from_secs(5);

/// How often to look for days beyond the retention.
const TIDYING: Duration = Duration::from_secs(3600);

/// Why a line is not written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// The directory or its disk does not take it.
    #[error("{0} cannot be written: {1}")]
    Directory(PathBuf, #[source] io::Error),
    /// Standard output does not take it.
    #[error("standard output cannot be written: {0}")]
    Stdout(#[source] io::Error),
    /// Nothing came of it in time.
    #[error("not written within {WRITING:?}")]
    Late,
}

/// Writes lines, one after the other.
#[derive(Debug)]
pub(crate) struct Writer {
    sink: AuditSink,
    /// Held until a line is written, also by one that nobody waits for any more.
    turn: Arc<Semaphore>,
}

/// The member of a line that says which day it belongs to.
#[derive(Deserialize)]
struct At {
    at: DateTime<Utc>,
}

impl Writer {
    pub(crate) fn new(sink: AuditSink) -> Self {
        Self { sink, turn: Arc::new(Semaphore::new(1)) }
    }

    pub(crate) const fn sink(&self) -> &AuditSink {
        &self.sink
    }

    /// Sees at start that lines can be written, before a door has opened.
    pub(crate) fn prepare(&self) -> Result<(), Unwritten> {
        match &self.sink {
            AuditSink::Directory(directory) => Days::new(directory)
                .prepare()
                .map_err(|error| Unwritten::Directory(directory.clone(), error)),
            AuditSink::Redis | AuditSink::Stdout | AuditSink::Off => Ok(()),
        }
    }

    /// Writes a line, on a thread of its own: a disk may stand still, and other doors must not.
    pub(crate) async fn write(&self, line: &str) -> Result<(), Unwritten> {
        let (sink, line) = (self.sink.clone(), line.to_owned());
        let turn = Arc::clone(&self.turn).acquire_owned();
        let writing = async {
            let Ok(turn) = turn.await else { return Err(Unwritten::Late) };
            let writing = spawn_blocking(move || {
                let _turn = turn;
                put(&sink, &line)
            });
            writing.await.unwrap_or(Err(Unwritten::Late))
        };
        timeout(WRITING, writing).await.unwrap_or(Err(Unwritten::Late))
    }
}

/// Removes the days beyond the retention, now and every hour, for ever.
pub(crate) async fn tidy(worker: Arc<Worker>, retention: Duration) {
    let AuditSink::Directory(directory) = worker.audit.sink() else { return };
    let mut ticks = interval(TIDYING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let days = Days::new(directory);
        match spawn_blocking(move || days.forget(Utc::now(), retention)).await {
            Ok(Ok(gone)) if gone.is_empty() => {}
            Ok(Ok(gone)) => {
                tracing::info!(?gone, "days of the audit beyond their retention removed")
            }
            Ok(Err(error)) => tracing::error!(%error, "old days of the audit cannot be removed"),
            Err(error) => tracing::error!(%error, "old days of the audit were not looked for"),
        }
    }
}

fn put(sink: &AuditSink, line: &str) -> Result<(), Unwritten> {
    match sink {
        AuditSink::Directory(directory) => {
            // Better in the wrong day than nowhere.
            let at = serde_json::from_str(line).map_or_else(|_| Utc::now(), |At { at }| at);
            let written = Days::new(directory).append(at.date_naive(), line);
            written.map_err(|error| Unwritten::Directory(directory.clone(), error))
        }
        AuditSink::Stdout => {
            let mut out = io::stdout().lock();
            let written = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
            written.map_err(Unwritten::Stdout)
        }
        AuditSink::Redis | AuditSink::Off => Ok(()),
    }
}
