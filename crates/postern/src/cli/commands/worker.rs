//! `postern worker`: runs the consumer until a signal.

use std::{io, path::PathBuf, process};

use anyhow::Context;
use consumer::{Reload, Settings};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{cli::failure::CommandFailure, config};

/// Runs until a signal. SIGHUP reads `file` again.
pub(crate) async fn run(settings: Settings, file: PathBuf) -> Result<(), CommandFailure> {
    let signals = Signals::listen().context("the signal handlers cannot be installed")?;
    let hangup = signal(SignalKind::hangup()).context("the signal handlers cannot be installed")?;
    let shutdown = CancellationToken::new();
    let (sender, reloads) = mpsc::channel(1);
    let listening = tokio::spawn(signals.cancel(shutdown.clone()));
    let reloading = tokio::spawn(reload(hangup, file, sender));
    let result = consumer::run(settings, shutdown, reloads).await;
    listening.abort();
    reloading.abort();
    result.map_err(|error| CommandFailure::Failed(error.into()))
}

/// Reads the configuration at every SIGHUP; a configuration with mistakes changes nothing.
async fn reload(mut hangup: Signal, file: PathBuf, sender: mpsc::Sender<Reload>) {
    while hangup.recv().await.is_some() {
        let reload = match config::load(&file, &std::env::vars_os().collect()) {
            Ok(config) => {
                for warning in &config.warnings {
                    tracing::warn!("{warning}");
                }
                Reload::Settings(Box::new(config.settings))
            }
            Err(report) => {
                tracing::error!(%report, "configuration reload failed: the file has mistakes, the old configuration stays in use");
                Reload::Mistakes
            }
        };
        if sender.send(reload).await.is_err() {
            return;
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

    /// The first signal cancels `shutdown`; the second one ends the process.
    async fn cancel(mut self, shutdown: CancellationToken) {
        let name = self.next().await.0;
        tracing::info!(signal = name, "stopping; a second signal ends the process at once");
        shutdown.cancel();
        let (name, status) = self.next().await;
        tracing::warn!(
            signal = name,
            "ended at the second signal, without waiting for commands in progress"
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
