//! Activation records in Redis: one hash per integration, one encrypted field per IQ.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use deadpool_redis::redis::{Script, cmd};
use redis_pool::Pool;

use super::record::Activation;
use crate::redis::query::{self, StoreError};
use crate::redis::seal::Sealer;

/// Key: the hash. Arguments: field, expected value (empty: none), new value.
static REPLACE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local now = redis.call('HGET', KEYS[1], ARGV[1]) or ''
        if now ~= ARGV[2] then return 0 end
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
        return 1",
    )
});

/// Key: the hash. Arguments: field, expected value.
static REMOVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
        return redis.call('HDEL', KEYS[1], ARGV[1])",
    )
});

/// The Redis key of an integration's activations. Its fields are IQ ids.
#[must_use]
pub fn activations_key(key_prefix: &str, integration: &str) -> String {
    format!("{key_prefix}activations:{integration}")
}

/// The activation records of all integrations.
#[derive(Clone)]
pub struct ActivationStore {
    pool: Pool,
    key_prefix: String,
    sealer: Arc<Sealer>,
}

/// A record as it was read. It can be replaced only while Redis still has the same value.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The record.
    pub activation: Activation,
    sealed: Vec<u8>,
}

impl Stored {
    /// The encrypted record in Redis.
    #[must_use]
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }
}

impl ActivationStore {
    /// A store in that Redis.
    #[must_use]
    pub fn new(pool: Pool, key_prefix: &str, sealer: Arc<Sealer>) -> Self {
        Self { pool, key_prefix: key_prefix.to_owned(), sealer }
    }

    /// The record of one IQ, if there is one.
    ///
    /// # Errors
    /// Redis failed, or the record cannot be decrypted.
    pub async fn get(&self, integration: &str, iq: &str) -> Result<Option<Stored>, StoreError> {
        let key = activations_key(&self.key_prefix, integration);
        let sealed: Option<Vec<u8>> =
            query::query(&self.pool, cmd("HGET").arg(&key).arg(iq)).await?;
        sealed.map(|sealed| self.unseal(&key, iq, sealed)).transpose()
    }

    /// All records of an integration, by IQ id.
    ///
    /// # Errors
    /// Redis failed, or a record cannot be decrypted.
    pub async fn list(&self, integration: &str) -> Result<Vec<(String, Stored)>, StoreError> {
        let key = activations_key(&self.key_prefix, integration);
        let all: HashMap<String, Vec<u8>> =
            query::query(&self.pool, cmd("HGETALL").arg(&key)).await?;
        let mut list = Vec::with_capacity(all.len());
        for (iq, sealed) in all {
            let stored = self.unseal(&key, &iq, sealed)?;
            list.push((iq, stored));
        }
        list.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(list)
    }

    /// Stores `new` where Redis still has the record that was read before (`None`: no record). `None`:
    /// the record has changed since then, and nothing was stored.
    ///
    /// # Errors
    /// Redis failed.
    pub async fn replace(
        &self,
        integration: &str,
        iq: &str,
        read: Option<&Stored>,
        new: &Activation,
    ) -> Result<Option<Stored>, StoreError> {
        let key = activations_key(&self.key_prefix, integration);
        let sealed = new.seal(&self.sealer, &key, iq);
        let expected = read.map(|read| read.sealed.as_slice()).unwrap_or_default();
        let replaced: u8 =
            query::run_script(&self.pool, &REPLACE, &[&key], &[iq.as_bytes(), expected, &sealed])
                .await?;
        Ok((replaced == 1).then(|| Stored { activation: new.clone(), sealed }))
    }

    /// Removes the record where it has not changed since it was read; returns whether it was removed.
    ///
    /// # Errors
    /// Redis failed.
    pub async fn remove(
        &self,
        integration: &str,
        iq: &str,
        read: &Stored,
    ) -> Result<bool, StoreError> {
        let key = activations_key(&self.key_prefix, integration);
        let removed: u8 =
            query::run_script(&self.pool, &REMOVE, &[&key], &[iq.as_bytes(), &read.sealed]).await?;
        Ok(removed == 1)
    }

    fn unseal(&self, key: &str, iq: &str, sealed: Vec<u8>) -> Result<Stored, StoreError> {
        let activation = Activation::unseal(&self.sealer, key, iq, &sealed)
            .map_err(|_| StoreError::Unreadable(format!("{key} {iq}")))?;
        Ok(Stored { activation, sealed })
    }
}
