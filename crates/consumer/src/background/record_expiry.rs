//! Shortening the lives of the ledger's records once their messages are settled.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::worker::Worker;

/// How often it is done, for all messages settled meanwhile together.
const EVERY: Duration = Duration::from_secs(1);

/// Shortens the lives of records every second.
pub(crate) async fn expire_settled(worker: Arc<Worker>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = worker.ledger.expire_settled(false).await {
            tracing::debug!(%error, "expiry of settled requests not written yet");
        }
    }
}
