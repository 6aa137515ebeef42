//! The outbox of events about IQs: a change of an IQ's state and its event are written into Redis
//! together, and the event leaves the outbox once the broker has confirmed it.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis::{self, Script};
use tokio::sync::Notify;

use super::{
    keys::Keys,
    store::{Store, StoreError, millis},
};

/// How long other workers leave an event alone that one of them has taken.
const TAKEN_FOR: Duration = Duration::from_secs(15);

/// The events about IQs that wait to be published.
#[derive(Debug)]
pub(crate) struct IqEventOutbox {
    store: Arc<Store>,
    key: String,
    take: Script,
    added: Notify,
}

impl IqEventOutbox {
    pub(crate) fn new(store: Arc<Store>, keys: &Keys) -> Self {
        let take = Script::new(include_str!("iq_event_outbox/take.lua"));
        Self { store, key: keys.iq_events(), take, added: Notify::new() }
    }

    /// Wakes the worker's publisher: the outbox holds a new event.
    pub(crate) fn notify(&self) {
        self.added.notify_one();
    }

    /// Returns after the next [`Self::notify`].
    pub(crate) async fn notified(&self) {
        self.added.notified().await;
    }

    /// Takes the events that are due. They are due again after a while, in case this worker dies.
    pub(crate) async fn take(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        self.store.run(self.take.key(&self.key).arg(millis(TAKEN_FOR))).await
    }

    /// Removes an event that the broker has confirmed.
    pub(crate) async fn remove(&self, record: &[u8]) -> Result<(), StoreError> {
        self.store.query(redis::cmd("ZREM").arg(&self.key).arg(record)).await
    }
}
