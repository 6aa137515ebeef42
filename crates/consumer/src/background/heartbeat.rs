//! Writing the worker's heartbeat, and learning by it whether Redis answers and whether stored integrations have
//! changed.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::worker::Worker;

/// How often the heartbeat is written.
const EVERY: Duration = Duration::from_millis(500);

/// A worker without a heartbeat for this long counts as dead to workers that receive its messages. That
/// is well below the resend window, so that a request in doubt can still be repeated within it.
const LASTS: Duration = Duration::from_secs(3);

/// For how long an error of another command counts as Redis being away, although Redis takes the
/// heartbeat: longer than a waiting message lets pass between two attempts.
const AWAY_FOR: Duration = Duration::from_secs(5);

/// Writes the heartbeat every half second.
pub(crate) async fn beat(worker: Arc<Worker>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let beat = worker.heartbeat.beat(LASTS).await;
        if let Ok(version) = &beat {
            worker.stored_integrations.seen(*version);
        }
        match beat.err().or_else(|| worker.store.away_within(AWAY_FOR)) {
            None => worker.health.set_redis(None),
            Some(error) => worker.health.set_redis(Some(&error)),
        }
    }
}
