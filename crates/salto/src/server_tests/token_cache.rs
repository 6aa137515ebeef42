//! What the suites for token caches share: the cache of a test, the macro that runs a suite for each kind of cache, and a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::redis::Redis;
use crate::redis::seal::Sealer;
use crate::token::{Now, TokenCache};
use crate::{MemoryTokenCache, RedisTokenCache, StoreError, TokenRecord};

/// A token cache of one kind, shared by the processes of a test.
pub(super) struct SharedCache {
    memory: Arc<MemoryTokenCache>,
    redis: Option<Redis>,
}

impl SharedCache {
    pub(super) async fn memory() -> Self {
        Self { memory: Arc::default(), redis: None }
    }

    pub(super) async fn redis() -> Self {
        Self { memory: Arc::default(), redis: Some(Redis::start().await) }
    }

    pub(super) fn cache(&self) -> Arc<dyn TokenCache> {
        match &self.redis {
            None => self.memory.clone(),
            Some(redis) => {
                let sealer = Arc::new(Sealer::new(&[5; 32]));
                Arc::new(RedisTokenCache::new(redis.pool(), &redis.prefix, sealer))
            }
        }
    }
}

/// A cache that loses replies after their effect: the first ones about leases, and one about storing and
/// releasing each.
pub(super) struct LosesReplies {
    cache: Arc<dyn TokenCache>,
    leases: AtomicU32,
    stores: AtomicU32,
    releases: AtomicU32,
}

impl LosesReplies {
    pub(super) fn of(cache: Arc<dyn TokenCache>, leases: u32) -> Arc<Self> {
        let (leases, stores, releases) = (leases.into(), 1.into(), 1.into());
        Arc::new(Self { cache, leases, stores, releases })
    }
}

/// The reply, unless it is one of those that are still to be lost.
fn unless_lost<T>(left: &AtomicU32, reply: T) -> Result<T, StoreError> {
    let lost = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    if lost.is_ok() { Err(StoreError::Slow) } else { Ok(reply) }
}

#[async_trait]
impl TokenCache for LosesReplies {
    async fn read(&self, integration: &str) -> Result<Option<TokenRecord>, StoreError> {
        self.cache.read(integration).await
    }

    async fn lease(&self, i: &str, owner: Uuid, time: Duration) -> Result<bool, StoreError> {
        unless_lost(&self.leases, self.cache.lease(i, owner, time).await?)
    }

    async fn store(&self, i: &str, owner: Uuid, it: &TokenRecord) -> Result<bool, StoreError> {
        unless_lost(&self.stores, self.cache.store(i, owner, it).await?)
    }

    async fn release(&self, integration: &str, owner: Uuid) -> Result<(), StoreError> {
        self.cache.release(integration, owner).await?;
        unless_lost(&self.releases, ())
    }
}

macro_rules! for_every_cache {
    ($($test:ident),* $(,)?) => {
        mod memory { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(super::SharedCache::memory().await).await }
        )* }
        mod redis { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(super::SharedCache::redis().await).await }
        )* }
    };
}
pub(super) use for_every_cache;

/// A clock that the test sets.
#[derive(Clone)]
pub(super) struct TestClock(DateTime<Utc>, Arc<AtomicI64>);

impl TestClock {
    pub(super) fn new() -> Self {
        Self(Utc::now(), Arc::default())
    }

    pub(super) fn now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || clock.0 + TimeDelta::seconds(clock.1.load(Ordering::SeqCst)))
    }

    pub(super) fn set(&self, seconds: i64) {
        self.1.store(seconds, Ordering::SeqCst);
    }
}
