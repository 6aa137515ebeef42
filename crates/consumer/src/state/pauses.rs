//! Pauses that Salto asks for with `Retry-After`: per integration, over all replicas.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis::{Script, cmd};
use salto::{CallError, Cause};

use super::{
    keys::Keys,
    store::{Store, StoreError, millis},
};

/// The pauses in Redis.
#[derive(Debug)]
pub(crate) struct Pauses {
    store: Arc<Store>,
    keys: Keys,
    extend: Script,
}

impl Pauses {
    pub(crate) fn new(store: Arc<Store>, keys: Keys) -> Self {
        Self { store, keys, extend: Script::new(include_str!("pauses/extend.lua")) }
    }

    /// Stops the calls of all replicas to Salto for an integration; a longer pause remains.
    pub(crate) async fn share(
        &self,
        integration_id: &str,
        pause: Duration,
    ) -> Result<(), StoreError> {
        let key = self.keys.pause(integration_id);
        self.store.run(self.extend.key(key).arg(millis(pause).max(1))).await
    }

    /// Ends an integration's pause; answers whether there was one.
    pub(crate) async fn lift(&self, integration_id: &str) -> Result<bool, StoreError> {
        self.store.query(cmd("DEL").arg(self.keys.pause(integration_id))).await
    }

    /// The rest of an integration's pause; zero where there is none.
    pub(crate) async fn remaining(&self, integration_id: &str) -> Result<Duration, StoreError> {
        let left: i64 = self.store.query(cmd("PTTL").arg(self.keys.pause(integration_id))).await?;
        // `PTTL` answers a negative number where there is no pause.
        Ok(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }
}

/// The pause that an answer of Salto asks for. Other waits are postern's own: the one after rejected
/// credentials, for example, ends when they change.
pub(crate) fn requested_pause(error: &CallError) -> Option<Duration> {
    error.retry_after.filter(|_| matches!(error.cause, Cause::RateLimited | Cause::Unavailable))
}
