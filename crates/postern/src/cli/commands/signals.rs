//! The signals that end a server.

use std::{io, process};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// SIGTERM and SIGINT.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The first signal cancels `shutdown`; the second one ends the process. `waiting_for`: what the process does
    /// in between.
    pub(super) async fn cancel(mut self, shutdown: CancellationToken, waiting_for: &'static str) {
        let name = self.next().await.0;
        tracing::info!(signal = name, "stopping; a second signal ends the process at once");
        shutdown.cancel();
        let (name, status) = self.next().await;
        tracing::warn!(
            signal = name,
            "ended at the second signal, without waiting for {waiting_for}"
        );
        process::exit(status);
    }

    /// The name of the next signal, and the exit status that shells report for it.
    async fn next(&mut self) -> (&'static str, i32) {
        tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", 143),
            _ = self.interrupt.recv() => ("SIGINT", 130),
        }
    }
}
