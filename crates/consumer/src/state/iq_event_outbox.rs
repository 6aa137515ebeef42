//! The outbox of events about IQs: a change of an IQ's state and its event are written into Redis
//! together, and the event leaves the outbox once the broker has confirmed it.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis::{self, Script};
use tokio::sync::Notify;

use super::{
    keys::Keys,
    store::{Store, StoreError, millis},
    write_id::WriteIds,
};

/// How long other workers leave an event alone that one of them has taken. With the time between two looks
/// at the outbox, another worker publishes it within 10 s (docs/contract.md, Notices).
const TAKEN_FOR: Duration = Duration::from_secs(7);

/// The events about IQs that wait to be published.
#[derive(Debug)]
pub(crate) struct IqEventOutbox {
    store: Arc<Store>,
    keys: Keys,
    take: Script,
    take_ids: WriteIds,
    added: Notify,
}

impl IqEventOutbox {
    pub(crate) fn new(store: Arc<Store>, keys: Keys) -> Self {
        let take = Script::new(include_str!("iq_event_outbox/take.lua"));
        Self { store, keys, take, take_ids: WriteIds::default(), added: Notify::new() }
    }

    /// Wakes the worker's publisher: the outbox holds a new event.
    pub(crate) fn notify(&self) {
        self.added.notify_one();
    }

    /// Returns after the next [`Self::notify`].
    pub(crate) async fn notified(&self) {
        self.added.notified().await;
    }

    /// Takes the events that are due. They are due again after a while, in case this worker dies. After a
    /// lost reply, the next call takes the same ones.
    pub(crate) async fn take(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let key = self.keys.iq_events();
        let taken = self.keys.taken_iq_events(self.take_ids.begin(&key));
        let due = self.store.run(self.take.key(&key).key(taken).arg(millis(TAKEN_FOR))).await?;
        self.take_ids.answered(&key);
        Ok(due)
    }

    /// Removes an event that the broker has confirmed.
    pub(crate) async fn remove(&self, record: &[u8]) -> Result<(), StoreError> {
        self.store.query(redis::cmd("ZREM").arg(self.keys.iq_events()).arg(record)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::testing::redis as store;

    #[tokio::test]
    async fn after_a_lost_reply_the_same_events_are_taken_once_more() {
        let (store, prefix) = store();
        let outbox = IqEventOutbox::new(Arc::clone(&store), Keys::new(prefix));
        let key = outbox.keys.iq_events();
        let add = redis::cmd("ZADD").arg(&key).arg(1).arg("event").to_owned();
        store.query::<u8>(&add).await.unwrap();
        // The script has run, and this worker does not know it.
        let taken = outbox.keys.taken_iq_events(outbox.take_ids.begin(&key));
        let mut lost = outbox.take.key(&key);
        lost.key(taken).arg(millis(TAKEN_FOR));
        assert_eq!(store.run::<Vec<String>>(&lost).await.unwrap(), ["event"]);
        assert_eq!(outbox.take().await.unwrap(), [b"event".to_vec()]);
        assert_eq!(outbox.take().await.unwrap(), Vec::<Vec<u8>>::new(), "it is taken");
    }
}
