//! What the service manager is told of the worker, where it asks for it (`Type=notify` of systemd): `sd_notify(3)`.

use std::sync::atomic::{AtomicBool, Ordering};

use consumer::Readiness;
use sd_notify::NotifyState::{self, Ready, Reloading, Status, Stopping};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Added to the status where a configuration was not taken over, until the readiness changes.
const NOT_RELOADED: &str =
    "; the configuration has mistakes and was not reloaded: the old one stays in use";

/// The service manager that started this process. Where none asks for notifications (`NOTIFY_SOCKET`),
/// nothing happens.
#[derive(Debug, Default)]
pub(super) struct ServiceManager {
    /// Whether it knows that the worker has started.
    started: AtomicBool,
}

impl ServiceManager {
    /// Tells when the worker is ready for the first time, each change after that, and when it begins to stop.
    pub(super) async fn follow(
        &self,
        mut readiness: watch::Receiver<Readiness>,
        stop: CancellationToken,
    ) {
        loop {
            let now = *readiness.borrow_and_update();
            let status = text(now);
            if now.ready && !self.started.swap(true, Ordering::Relaxed) {
                tell(&[Ready, Status(&status)]);
            } else {
                tell(&[Status(&status)]);
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                changed = readiness.changed() => if changed.is_err() { return },
            }
        }
        tell(&[Stopping, Status("stopping: waits for the commands that were sent to Salto")]);
    }

    /// Tells that the configuration is read again. Before the start has ended, `Ready` after it would be wrong.
    pub(super) fn reloading(&self) {
        if self.started.load(Ordering::Relaxed) {
            // Since version 253, systemd requires the time with Type=notify-reload.
            match NotifyState::monotonic_usec_now() {
                Ok(now) => tell(&[Reloading, now]),
                Err(error) => tracing::warn!(%error, "no monotonic time"),
            }
        }
    }

    /// Tells the end of it.
    pub(super) fn reloaded(&self, readiness: Readiness, applied: bool) {
        if self.started.load(Ordering::Relaxed) {
            let status = text(readiness) + if applied { "" } else { NOT_RELOADED };
            tell(&[Ready, Status(&status)]);
        }
    }
}

fn text(readiness: Readiness) -> String {
    let Readiness { ready: _, subscribed, redis, blocked } = readiness;
    let broker = match (blocked, subscribed) {
        (true, _) => Some("RabbitMQ, which blocks publishers"),
        (false, false) => Some("RabbitMQ"),
        (false, true) => None,
    };
    match (broker, (!redis).then_some("Redis")) {
        (None, None) => "ready".to_owned(),
        (Some(server), None) | (None, Some(server)) => format!("not ready: waits for {server}"),
        (Some(broker), Some(redis)) => format!("not ready: waits for {redis} and {broker}"),
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager was not told");
    }
}
