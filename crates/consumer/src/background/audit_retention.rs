//! Removing the audit's daily files beyond their retention.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use tokio::{
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};

use crate::{audit::DailyFiles, settings::AuditSink, worker::Worker};

/// How often expired files are looked for.
const EVERY: Duration = Duration::from_secs(3600);

/// Removes the files of days beyond the retention, now and every hour.
pub(crate) async fn enforce(worker: Arc<Worker>, retention: Duration) {
    let AuditSink::Directory(directory) = worker.audit.sink() else { return };
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let files = DailyFiles::new(directory);
        match spawn_blocking(move || files.remove_expired(Utc::now(), retention)).await {
            Ok(Ok(removed)) if removed.is_empty() => {}
            Ok(Ok(removed)) => tracing::info!(?removed, "expired audit files removed"),
            Ok(Err(error)) => tracing::error!(%error, "expired audit files cannot be removed"),
            Err(error) => tracing::error!(%error, "the search for expired audit files failed"),
        }
    }
}
