//! The worker's heartbeat: a key in Redis that expires when the worker dies.
//!
//! Other workers read it: a delivery that the broker took back may be claimed by another worker once
//! the owner's heartbeat has stopped, before the claim's lease ends.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use deadpool_redis::redis::{self, Script};
use uuid::Uuid;

use super::{
    integration_records::number,
    keys::Keys,
    store::{Store, StoreError, millis},
};

/// One worker's heartbeat.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    store: Arc<Store>,
    key: String,
    versions_key: String,
    alive: Mutex<Alive>,
    beat: Script,
}

/// KEYS: 1 heartbeat, 2 versions of the stored integrations. ARGV: 1 for how long the heartbeat lasts (ms).
/// A key of versions of another type does not stop the heartbeat.
const BEAT: &str = r"redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
local version = redis.pcall('HGET', KEYS[2], '')
return type(version) == 'string' and version or false";

/// The time over which the heartbeat has had no gap: a worker with a gap may have lost what it
/// claimed before.
#[derive(Debug)]
struct Alive {
    since: Instant,
    until: Instant,
}

impl Heartbeat {
    /// `worker` is made anew at each start.
    pub(crate) fn new(store: Arc<Store>, keys: &Keys, worker: Uuid) -> Self {
        let now = Instant::now();
        Self {
            store,
            key: keys.heartbeat(worker),
            versions_key: keys.integration_versions(),
            alive: Mutex::new(Alive { since: now, until: now }),
            beat: Script::new(BEAT),
        }
    }

    /// The key in Redis, which claims name.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Writes the heartbeat; it lasts for `period`. Answers the newest version of the stored integrations.
    pub(crate) async fn beat(&self, period: Duration) -> Result<Option<u64>, StoreError> {
        let asked_at = Instant::now();
        let version: Option<String> = self
            .store
            .run(self.beat.key(&self.key).key(&self.versions_key).arg(millis(period)))
            .await?;
        let mut alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        if alive.until <= Instant::now() {
            alive.since = asked_at;
        }
        alive.until = asked_at + period;
        Ok(version.as_deref().map(number))
    }

    /// Removes the heartbeat, so that other workers do not wait for this one.
    pub(crate) async fn stop(&self) -> Result<(), StoreError> {
        self.store.query(redis::cmd("DEL").arg(&self.key)).await
    }

    /// Until when other workers see this one as alive without a gap since that instant; the instant
    /// itself where there was a gap.
    pub(crate) fn alive_until(&self, since: Instant) -> Instant {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        if since < alive.since { since } else { alive.until }
    }
}
