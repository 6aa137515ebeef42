//! The token cache that all replicas share: encrypted records and leases in Redis.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use deadpool_redis::redis::{Script, cmd};
use redis_pool::Pool;
use uuid::Uuid;

use super::cache::TokenCache;
use super::record::TokenRecord;
use crate::redis::query::{self, StoreError};
use crate::redis::seal::Sealer;

/// Key: the lease. Arguments: owner, its time in ms. Answers 1 where the owner has the lease.
static LEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local holder = redis.call('GET', KEYS[1])
        if holder and holder ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 1",
    )
});

/// Keys: the lease, the record. Arguments: owner, sealed record, its time to live in ms.
static STORE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
        redis.call('DEL', KEYS[1])
        return 1",
    )
});

/// Key: the lease. Argument: owner.
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
        return 0",
    )
});

/// A token cache in Redis, with the keys `{prefix}token:{integration}` and
/// `{prefix}token-lease:{integration}`.
pub struct RedisTokenCache {
    pool: Pool,
    key_prefix: String,
    sealer: Arc<Sealer>,
}

impl RedisTokenCache {
    /// A cache in that Redis.
    #[must_use]
    pub fn new(pool: Pool, key_prefix: &str, sealer: Arc<Sealer>) -> Self {
        Self { pool, key_prefix: key_prefix.to_owned(), sealer }
    }

    fn record_key(&self, integration: &str) -> String {
        format!("{}token:{integration}", self.key_prefix)
    }

    fn lease_key(&self, integration: &str) -> String {
        format!("{}token-lease:{integration}", self.key_prefix)
    }
}

#[async_trait]
impl TokenCache for RedisTokenCache {
    async fn read(&self, integration: &str) -> Result<Option<TokenRecord>, StoreError> {
        let key = self.record_key(integration);
        let sealed: Option<Vec<u8>> = query::query(&self.pool, cmd("GET").arg(&key)).await?;
        let Some(sealed) = sealed else { return Ok(None) };
        let opened = self.sealer.unseal(&key, &sealed).ok();
        let record = opened.and_then(|json| TokenRecord::from_json(&json));
        if record.is_none() {
            tracing::warn!(
                key,
                "stored token not readable with secrets.key: another one is fetched"
            );
        }
        Ok(record)
    }

    async fn lease(
        &self,
        integration: &str,
        owner: Uuid,
        time: Duration,
    ) -> Result<bool, StoreError> {
        let (owner, time) = (owner.to_string(), time.as_millis().to_string());
        let (key, args) = (self.lease_key(integration), [owner.as_bytes(), time.as_bytes()]);
        let leased: u8 = query::run_script(&self.pool, &LEASE, &[&key], &args).await?;
        Ok(leased == 1)
    }

    async fn store(
        &self,
        integration: &str,
        owner: Uuid,
        record: &TokenRecord,
    ) -> Result<bool, StoreError> {
        let key = self.record_key(integration);
        let sealed = self.sealer.seal(&key, &record.to_json());
        let keep = (record.keep_until() - Utc::now()).num_milliseconds().max(1).to_string();
        let (lease, owner) = (self.lease_key(integration), owner.to_string());
        let args = [owner.as_bytes(), &sealed, keep.as_bytes()];
        let stored: u8 = query::run_script(&self.pool, &STORE, &[&lease, &key], &args).await?;
        // The lease was released with the record, where the reply to an earlier call was lost.
        Ok(stored == 1 || self.read(integration).await?.is_some_and(|it| it.is_same(record)))
    }

    async fn release(&self, integration: &str, owner: Uuid) -> Result<(), StoreError> {
        let owner = owner.to_string();
        query::run_script(
            &self.pool,
            &RELEASE,
            &[&self.lease_key(integration)],
            &[owner.as_bytes()],
        )
        .await
    }
}
