//! An outbox of events, used for confirmations of openings: the reason of an event and the event are written
//! into Redis together, and the event leaves the outbox once the broker has confirmed it.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use deadpool_redis::redis::{self, Script};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    store::{Store, StoreError, millis},
    write_id::WriteIds,
};

/// How long other workers leave an event alone that one of them has taken. With the time between two looks
/// at the outbox, another worker publishes it within 10 s (docs/contract.md, Notices).
const TAKEN_FOR: Duration = Duration::from_secs(7);

/// An event that no queue takes is offered again after half its age, within these limits.
const POSTPONED: [Duration; 2] = [TAKEN_FOR, Duration::from_secs(10 * 60)];

/// A script that takes what is due, with `take_due` before it.
pub(super) fn take_script(code: &str) -> Script {
    Script::new(&[include_str!("event_outbox/take_due.lua"), code].concat())
}

/// The events in an outbox.
#[derive(Debug)]
pub(crate) struct EventOutbox {
    store: Arc<Store>,
    key: String,
    take: Script,
    take_ids: WriteIds,
    added: Notify,
}

impl EventOutbox {
    pub(crate) fn new(store: Arc<Store>, key: String) -> Self {
        let take = take_script(include_str!("event_outbox/take.lua"));
        Self { store, key, take, take_ids: WriteIds::default(), added: Notify::new() }
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
        let taken = self.taken(self.take_ids.begin(&self.key));
        let due =
            self.store.run(self.take.key(&self.key).key(taken).arg(millis(TAKEN_FOR))).await?;
        self.take_ids.answered(&self.key);
        Ok(due)
    }

    /// Removes an event that the broker has confirmed.
    pub(crate) async fn remove(&self, record: &[u8]) -> Result<(), StoreError> {
        self.store.query(redis::cmd("ZREM").arg(&self.key).arg(record)).await
    }

    /// Offers an event of that age later: no queue takes it now.
    pub(crate) async fn postpone(&self, record: &[u8], age: Duration) -> Result<(), StoreError> {
        let [shortest, longest] = POSTPONED;
        let due = Utc::now() + (age / 2).clamp(shortest, longest);
        let mut postpone = redis::cmd("ZADD");
        postpone.arg(&self.key).arg("XX").arg(due.timestamp_millis()).arg(record);
        self.store.query(&postpone).await
    }

    /// The events that one call has taken out, until its worker must have seen the reply.
    fn taken(&self, call: Uuid) -> String {
        format!("{}-taken:{call}", self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{keys::Keys, store::testing::redis as store};

    #[tokio::test]
    async fn after_a_lost_reply_the_same_events_are_taken_once_more() {
        let (store, prefix) = store();
        let key = Keys::new(prefix).confirmed_events();
        let outbox = EventOutbox::new(Arc::clone(&store), key.clone());
        let add = redis::cmd("ZADD").arg(&key).arg(1).arg("event").to_owned();
        store.query::<u8>(&add).await.unwrap();
        // The script has run, and this worker does not know it.
        let taken = outbox.taken(outbox.take_ids.begin(&key));
        let mut lost = outbox.take.key(&key);
        lost.key(taken).arg(millis(TAKEN_FOR));
        assert_eq!(store.run::<Vec<String>>(&lost).await.unwrap(), ["event"]);
        assert_eq!(outbox.take().await.unwrap(), [b"event".to_vec()]);
        assert_eq!(outbox.take().await.unwrap(), Vec::<Vec<u8>>::new(), "it is taken");
    }
}
