//! Writing the worker's heartbeat, and learning by it whether Redis answers.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::worker::Worker;

/// How often the heartbeat is written.
const EVERY: Duration = Duration::from_millis(500);

/// A worker without a heartbeat for this long counts as dead to workers that receive its messages. That
/// is well below the resend window, so that a request in doubt can still be repeated within it.
const LASTS: Duration = Duration::from_secs(3);

/// Writes the heartbeat every half second.
pub(crate) async fn beat(worker: Arc<Worker>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match worker.heartbeat.beat(LASTS).await {
            Ok(()) => worker.health.set_redis(None),
            Err(error) => worker.health.set_redis(Some(&error)),
        }
    }
}
