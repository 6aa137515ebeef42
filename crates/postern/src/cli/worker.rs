//! `postern worker`: the consumer, between signals.

use std::{io, path::PathBuf, process};

use anyhow::Context;
use consumer::Settings;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use crate::config;

/// Works until a signal. `file` is read again on SIGHUP.
pub(super) async fn run(settings: Settings, file: PathBuf) -> Result<(), Failure> {
    let signals = Signals::listen().context("cannot listen for signals")?;
    let hangup = signal(SignalKind::hangup()).context("cannot listen for signals")?;
    let shutdown = CancellationToken::new();
    let (sender, reloads) = mpsc::channel(1);
    let listening = tokio::spawn(signals.cancel(shutdown.clone()));
    let reloading = tokio::spawn(reload(hangup, file, sender));
    let result = consumer::run(settings, shutdown, reloads).await;
    listening.abort();
    reloading.abort();
    result.map_err(|error| Failure::Failed(error.into()))
}

/// Reads the configuration at every SIGHUP; one with mistakes changes nothing.
async fn reload(mut hangup: Signal, file: PathBuf, sender: mpsc::Sender<Settings>) {
    while hangup.recv().await.is_some() {
        match config::load(&file, &std::env::vars_os().collect()) {
            Ok(config) => {
                for warning in &config.warnings {
                    tracing::warn!("{warning}");
                }
                if sender.send(config.settings).await.is_err() {
                    return;
                }
            }
            Err(report) => {
                tracing::error!(%report, "the configuration has mistakes and stays as it was");
            }
        }
    }
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
