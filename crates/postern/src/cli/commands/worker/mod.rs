//! `postern worker`: runs the consumer until a signal.

mod service_manager;

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use consumer::{Readiness, Reload, Settings};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use self::service_manager::ServiceManager;
use super::{check_config::changed_settings, signals::Signals};
use crate::cli::failure::CommandFailure;

/// Runs until a signal. SIGHUP reads `file` again.
pub(crate) async fn run(settings: Settings, file: PathBuf) -> Result<(), CommandFailure> {
    let signals = Signals::listen().context("the signal handlers cannot be installed")?;
    let hangup = signal(SignalKind::hangup()).context("the signal handlers cannot be installed")?;
    let shutdown = CancellationToken::new();
    let (sender, reloads) = mpsc::channel(1);
    let (told, readiness) = watch::channel(Readiness::default());
    let manager = Arc::new(ServiceManager::default());
    let reloader =
        Reloader { file, at_start: settings.clone(), sender, manager: Arc::clone(&manager) };
    let beside = [
        tokio::spawn(signals.cancel(shutdown.clone(), "commands in progress")),
        tokio::spawn(reloader.run(hangup, readiness.clone())),
        tokio::spawn({
            let stop = shutdown.clone();
            async move { manager.follow(readiness, stop).await }
        }),
    ];
    let result = consumer::run(settings, config::read_stored, shutdown, reloads, told).await;
    beside.iter().for_each(tokio::task::JoinHandle::abort);
    result.map_err(|error| CommandFailure::Failed(error.into()))
}

/// Reads the configuration at every SIGHUP; a configuration with mistakes changes nothing. Settings that differ
/// from those at the start, and that only a start applies, are named.
struct Reloader {
    file: PathBuf,
    at_start: Settings,
    sender: mpsc::Sender<Reload>,
    manager: Arc<ServiceManager>,
}

impl Reloader {
    async fn run(self, mut hangup: Signal, readiness: watch::Receiver<Readiness>) {
        while hangup.recv().await.is_some() {
            self.manager.reloading();
            let applied = self.reload().await;
            self.manager.reloaded(*readiness.borrow(), applied);
        }
    }

    /// Whether the configuration is in use now.
    async fn reload(&self) -> bool {
        match config::load(&self.file, &std::env::vars_os().collect()) {
            Ok(config) => {
                for warning in &config.warnings {
                    tracing::warn!("{warning}");
                }
                let changed = changed_settings(&self.at_start, &config.settings);
                if !changed.is_empty() {
                    tracing::warn!(
                        settings = changed.join(", "),
                        next_step = "restart this worker",
                        "changed settings take effect at the next start"
                    );
                }
                let (applied, in_use) = oneshot::channel();
                let settings = Box::new(config.settings);
                let reload = Reload::Settings { settings, applied };
                self.sender.send(reload).await.is_ok() && in_use.await.is_ok()
            }
            Err(report) => {
                tracing::error!(%report, "configuration reload failed: the file has mistakes, the old configuration stays in use");
                // Where the worker has ended, it is not counted.
                let _ = self.sender.send(Reload::Mistakes).await;
                false
            }
        }
    }
}
