//! The outbox of notices: a change of state and its notice are written into Redis together, and the notice
//! leaves the outbox once the broker has confirmed it. One worker at a time publishes, which also makes the
//! checks that lead to notices.

use std::{
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use deadpool_redis::redis::{self, Script};
use tokio::{sync::Notify, time::Instant};
use uuid::Uuid;

use super::{
    event_outbox::take_script,
    keys::Keys,
    store::{Store, StoreError, millis},
    write_id::WriteIds,
};

/// How long the lease on publishing lasts, and how long a notice that was taken is left alone. With the time
/// between two looks at the outbox, another worker publishes it within 10 s (docs/contract.md, Notices).
const TAKEN_FOR: Duration = Duration::from_secs(7);

/// Key: the notices. Arguments: one of them, in how many ms it is due again.
static POSTPONE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        return redis.call('ZADD', KEYS[1], 'XX', now + tonumber(ARGV[2]), ARGV[1])",
    )
});

/// The notices that wait to be published.
#[derive(Debug)]
pub(crate) struct NoticeOutbox {
    store: Arc<Store>,
    keys: Keys,
    /// Made anew at each start of a worker.
    owner: Uuid,
    leased_until: Mutex<Option<Instant>>,
    take: Script,
    take_ids: WriteIds,
    added: Notify,
}

impl NoticeOutbox {
    pub(crate) fn new(store: Arc<Store>, keys: Keys) -> Self {
        Self {
            store,
            keys,
            owner: Uuid::new_v4(),
            leased_until: Mutex::default(),
            take: take_script(include_str!("notice_outbox/take.lua")),
            take_ids: WriteIds::default(),
            added: Notify::new(),
        }
    }

    /// Wakes the worker's publisher: the outbox holds a new notice.
    pub(crate) fn notify(&self) {
        self.added.notify_one();
    }

    /// Returns after the next [`Self::notify`].
    pub(crate) async fn notified(&self) {
        self.added.notified().await;
    }

    /// Whether this worker is the one that publishes.
    pub(crate) fn has_lease(&self) -> bool {
        self.leased_until().is_some_and(|until| Instant::now() < until)
    }

    /// Takes the notices that are due; none where another worker publishes. They are due again after a while,
    /// in case this worker dies. After a lost reply, the next call takes the same ones.
    pub(crate) async fn take(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let key = self.keys.notices();
        let asked_at = Instant::now();
        let mut take = self.take.key(&key);
        take.key(self.keys.taken_notices(self.take_ids.begin(&key))).key(self.keys.notice_lease());
        take.arg(millis(TAKEN_FOR)).arg(self.owner.to_string());
        let due: Option<Vec<Vec<u8>>> = self.store.run(&take).await?;
        self.take_ids.answered(&key);
        *self.leased_until() = due.as_ref().map(|_| asked_at + TAKEN_FOR);
        Ok(due.unwrap_or_default())
    }

    /// Lets a notice that no queue takes wait.
    pub(crate) async fn postpone(&self, notice: &[u8], by: Duration) -> Result<(), StoreError> {
        let mut postpone = POSTPONE.key(self.keys.notices());
        postpone.arg(notice).arg(millis(by));
        self.store.run(&postpone).await
    }

    /// Removes a notice that the broker has confirmed, or that is given up.
    pub(crate) async fn remove(&self, notice: &[u8]) -> Result<(), StoreError> {
        self.store.query(redis::cmd("ZREM").arg(self.keys.notices()).arg(notice)).await
    }

    fn leased_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.leased_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::testing::redis as store;

    async fn add(store: &Store, outbox: &NoticeOutbox) {
        let add = redis::cmd("ZADD").arg(outbox.keys.notices()).arg(1).arg("event").to_owned();
        store.query::<u8>(&add).await.unwrap();
    }

    #[tokio::test]
    async fn after_a_lost_reply_the_same_notices_are_taken_once_more() {
        let (store, prefix) = store();
        let outbox = NoticeOutbox::new(Arc::clone(&store), Keys::new(prefix));
        add(&store, &outbox).await;
        // The script has run, and this worker does not know it.
        let key = outbox.keys.notices();
        let mut lost = outbox.take.key(&key);
        lost.key(outbox.keys.taken_notices(outbox.take_ids.begin(&key)));
        lost.key(outbox.keys.notice_lease());
        lost.arg(millis(TAKEN_FOR)).arg(outbox.owner.to_string());
        assert_eq!(store.run::<Vec<String>>(&lost).await.unwrap(), ["event"]);
        assert_eq!(outbox.take().await.unwrap(), [b"event".to_vec()]);
        assert_eq!(outbox.take().await.unwrap(), Vec::<Vec<u8>>::new(), "it is taken");
    }

    #[tokio::test]
    async fn one_worker_publishes_and_another_one_once_its_lease_has_ended() {
        let (store, prefix) = store();
        let outbox = || NoticeOutbox::new(Arc::clone(&store), Keys::new(prefix.clone()));
        let (one, two) = (outbox(), outbox());
        assert_eq!(one.take().await.unwrap(), Vec::<Vec<u8>>::new());
        add(&store, &one).await;
        assert_eq!(two.take().await.unwrap(), Vec::<Vec<u8>>::new());
        assert!(one.has_lease() && !two.has_lease());
        store.query::<u8>(redis::cmd("DEL").arg(one.keys.notice_lease())).await.unwrap();
        assert_eq!(two.take().await.unwrap(), [b"event".to_vec()]);
        assert_eq!(one.take().await.unwrap(), Vec::<Vec<u8>>::new());
        assert!(!one.has_lease() && two.has_lease());
    }

    #[tokio::test]
    async fn a_postponed_notice_is_not_due_and_a_removed_one_does_not_come_back() {
        let (store, prefix) = store();
        let outbox = NoticeOutbox::new(Arc::clone(&store), Keys::new(prefix));
        add(&store, &outbox).await;
        outbox.postpone(b"event", Duration::from_secs(60)).await.unwrap();
        assert_eq!(outbox.take().await.unwrap(), Vec::<Vec<u8>>::new());
        outbox.postpone(b"event", Duration::ZERO).await.unwrap();
        assert_eq!(outbox.take().await.unwrap(), [b"event".to_vec()]);
        outbox.remove(b"event").await.unwrap();
        outbox.postpone(b"event", Duration::ZERO).await.unwrap();
        assert_eq!(outbox.take().await.unwrap(), Vec::<Vec<u8>>::new());
    }
}
