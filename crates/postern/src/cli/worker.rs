//! `postern worker`: the consumer, between signals.

use std::{io, process};

use anyhow::Context;
use consumer::Settings;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::failure::Failure;

/// Works until a signal.
pub(super) async fn run(settings: Settings) -> Result<(), Failure> {
    let signals = Signals::listen().context("cannot listen for signals")?;
    let shutdown = CancellationToken::new();
    let listening = tokio::spawn(signals.cancel(shutdown.clone()));
    let result = consumer::run(settings, shutdown).await;
    listening.abort();
    result.map_err(|error| Failure::Failed(error.into()))
}

/// The signals that end the worker.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The first signal cancels, the second one ends the process where it is.
    async fn cancel(mut self, shutdown: CancellationToken) {
        let name = self.next().await.0;
        tracing::info!(signal = name, "stopping; a second signal ends at once");
        shutdown.cancel();
        let (name, status) = self.next().await;
        tracing::warn!(signal = name, "ended without waiting for what was sent");
        process::exit(status);
    }

    /// Its name, and the exit status that shells give a process it ended.
    async fn next(&mut self) -> (&'static str, i32) {
        tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", 143),
            _ = self.interrupt.recv() => ("SIGINT", 130),
        }
    }
}
