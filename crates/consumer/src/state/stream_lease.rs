//! Which worker listens to the event stream of a site: one of them, as long as it holds the lease.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use deadpool_redis::redis::Script;
use uuid::Uuid;

use super::{
    keys::Keys,
    store::{Store, StoreError, millis},
};

/// Key: the lease. Arguments: the owner, the duration in ms. Answers 1 where the owner has the lease, which
/// then lasts for so long from now.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local holder = redis.call('GET', KEYS[1])
        if holder and holder ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 1",
    )
});

/// Key: the lease. Argument: the owner.
static END: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        return redis.call('DEL', KEYS[1])",
    )
});

/// The leases of this worker, in Redis.
#[derive(Debug)]
pub(crate) struct StreamLeases {
    store: Arc<Store>,
    keys: Keys,
    owner: String,
}

impl StreamLeases {
    /// The owner of the leases is made anew at each start.
    pub(crate) fn new(store: Arc<Store>, keys: Keys) -> Self {
        Self { store, keys, owner: Uuid::new_v4().to_string() }
    }

    /// Takes or prolongs the lease of an integration's stream. Answers whether this worker has it.
    pub(crate) async fn take(
        &self,
        integration_id: &str,
        lasts: Duration,
    ) -> Result<bool, StoreError> {
        let key = self.keys.stream_lease(integration_id);
        let taken: u8 = self.store.run(TAKE.key(key).arg(&self.owner).arg(millis(lasts))).await?;
        Ok(taken == 1)
    }

    /// Ends the lease, where it still is this worker's.
    pub(crate) async fn end(&self, integration_id: &str) -> Result<(), StoreError> {
        let key = self.keys.stream_lease(integration_id);
        self.store.run::<u8>(END.key(key).arg(&self.owner)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::testing::redis as store;

    #[tokio::test]
    async fn one_worker_has_the_lease_until_it_ends() {
        let (store, prefix) = store();
        let leases = || StreamLeases::new(Arc::clone(&store), Keys::new(prefix.clone()));
        let (one, two) = (leases(), leases());
        let lasts = Duration::from_secs(60);
        assert!(one.take("acme", lasts).await.unwrap());
        assert!(!two.take("acme", lasts).await.unwrap());
        two.end("acme").await.unwrap();
        assert!(one.take("acme", lasts).await.unwrap(), "it is prolonged");
        assert!(two.take("other", lasts).await.unwrap());
        one.end("acme").await.unwrap();
        assert!(two.take("acme", lasts).await.unwrap());
    }
}
