//! The routing keys of events that no queue takes, as all workers have seen them.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use deadpool_redis::redis::{Script, cmd};

use super::{
    keys::Keys,
    store::{Store, StoreError, millis},
};

/// How long a routing key is remembered after its last event: requests that wait for a queue are delivered
/// again every few seconds.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);

/// Routing keys that are remembered at most.
const MOST: usize = 10_000;

static RECORD: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("unrouted/record.lua")));
static READ: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("unrouted/read.lua")));

/// A routing key that no queue takes. Times are of Redis' clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnroutedKey {
    /// The routing key: an event's type without `.v1`, and its integration.
    pub routing_key: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When an event was not taken last.
    pub last_at: DateTime<Utc>,
}

/// The routing keys in Redis.
#[derive(Debug)]
pub(crate) struct UnroutedStore {
    store: Arc<Store>,
    key: String,
}

impl UnroutedStore {
    pub(crate) fn new(store: Arc<Store>, keys: &Keys) -> Self {
        Self { store, key: keys.unrouted() }
    }

    /// Records that no queue takes these routing keys now.
    pub(crate) async fn record(&self, routing_keys: &[String]) -> Result<(), StoreError> {
        if routing_keys.is_empty() {
            return Ok(());
        }
        let mut record = RECORD.key(&self.key);
        record.arg(millis(REMEMBERED_FOR)).arg(MOST).arg(routing_keys);
        self.store.run(&record).await
    }

    /// Removes routing keys that a queue takes again.
    pub(crate) async fn remove(&self, routing_keys: &[String]) -> Result<(), StoreError> {
        if routing_keys.is_empty() {
            return Ok(());
        }
        self.store.query(cmd("HDEL").arg(&self.key).arg(routing_keys)).await
    }

    /// All that were seen not long ago, the oldest first.
    pub(crate) async fn all(&self) -> Result<Vec<UnroutedKey>, StoreError> {
        let mut read = READ.key(&self.key);
        read.arg(millis(REMEMBERED_FOR));
        let found: Vec<(String, i64, i64)> = self.store.run(&read).await?;
        let mut all: Vec<UnroutedKey> = found
            .into_iter()
            .filter_map(|(routing_key, since, last_at)| {
                let since = DateTime::from_timestamp_millis(since)?;
                let last_at = DateTime::from_timestamp_millis(last_at)?;
                Some(UnroutedKey { routing_key, since, last_at })
            })
            .collect();
        all.sort_by(|a, b| (a.since, &a.routing_key).cmp(&(b.since, &b.routing_key)));
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::testing::redis as store;

    #[tokio::test]
    async fn a_key_is_known_since_its_first_event_and_until_a_queue_takes_one() {
        let (store, prefix) = store();
        let keys = UnroutedStore::new(Arc::clone(&store), &Keys::new(prefix));
        let names = |found: &[UnroutedKey]| -> Vec<String> {
            found.iter().map(|it| it.routing_key.clone()).collect()
        };
        assert_eq!(keys.all().await.unwrap(), []);
        keys.record(&["b".to_owned()]).await.unwrap();
        let first = keys.all().await.unwrap();
        // Redis counts whole milliseconds.
        tokio::time::sleep(Duration::from_millis(5)).await;
        for _ in 0..2 {
            keys.record(&["a b".to_owned(), "b".to_owned()]).await.unwrap();
        }
        let all = keys.all().await.unwrap();
        assert_eq!(names(&all), ["b", "a b"], "the oldest first");
        assert_eq!(all[0].since, first[0].since);
        assert!(all[0].last_at > first[0].last_at);
        keys.remove(&["b".to_owned()]).await.unwrap();
        assert_eq!(names(&keys.all().await.unwrap()), ["a b"]);
        let stale = format!("1 {}", (Utc::now() - REMEMBERED_FOR).timestamp_millis() - 1_000);
        let set = cmd("HSET").arg(&keys.key).arg("old").arg(stale).to_owned();
        store.query::<u8>(&set).await.unwrap();
        assert_eq!(names(&keys.all().await.unwrap()), ["a b"], "not seen for too long");
        keys.record(&["old".to_owned()]).await.unwrap();
        let all = keys.all().await.unwrap();
        assert!(all.iter().all(|it| it.since > first[0].since), "it begins anew: {all:?}");
    }
}
