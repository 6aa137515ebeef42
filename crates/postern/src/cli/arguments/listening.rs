//! The flags `--count` and `--timeout` of commands that wait for events.

use std::time::Duration;

use clap::Args;
use events::OutboundType;
use tokio::time::{self, Instant};

use crate::cli::failure::CommandFailure;

/// When a command stops to wait for events; without either flag, at Ctrl-C.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ListeningBounds {
    /// End after this number of events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// End after this time, such as 30s; with --count, fewer events by then are a failure.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
}

impl ListeningBounds {
    /// Runs `listening` until its end or the timeout, counted from `started`.
    pub(crate) async fn apply<T>(
        self,
        started: Instant,
        listening: impl Future<Output = Result<T, CommandFailure>>,
    ) -> Result<Option<T>, CommandFailure> {
        let Some(timeout) = self.timeout else { return listening.await.map(Some) };
        match (time::timeout_at(started + timeout, listening).await, self.count) {
            (Ok(listened), _) => listened.map(Some),
            (Err(_), None) => Ok(None),
            (Err(_), Some(count)) => {
                Err(CommandFailure::message(format!("fewer than {count} events in the time")))
            }
        }
    }
}

/// All types of events, and those of rehearsals.
pub(crate) fn event_types() -> impl Iterator<Item = String> {
    let rehearsals = OutboundType::ALL.iter().map(|event_type| event_type.rehearsal());
    OutboundType::ALL.iter().map(|event_type| event_type.code().to_owned()).chain(rehearsals)
}
