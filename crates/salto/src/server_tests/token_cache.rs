//! What the suites for token caches share: the cache of a test, the macro that runs a suite for each kind of cache, and a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::redis::Redis;
use crate::redis::seal::Sealer;
use crate::token::{Now, TokenCache};
use crate::{MemoryTokenCache, RedisTokenCache};

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
