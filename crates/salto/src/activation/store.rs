//! Activation records in Redis: one hash per integration, one sealed field per IQ.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use deadpool_redis::Pool;
use deadpool_redis::redis::{Script, cmd};

use super::record::Activation;
use crate::seal::Sealer;
use crate::store::{self, StoreError};

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

/// A record as it was read, to be replaced only while it is still that.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The record.
    pub activation: Activation,
    sealed: Vec<u8>,
}

impl Stored {
    /// The record as it lies in Redis.
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
    /// Redis is in trouble, or the record does not open.
    pub async fn get(&self, integration: &str, iq: &str) -> Result<Option<Stored>, StoreError> {
        let key = activations_key(&self.key_prefix, integration);
        let sealed: Option<Vec<u8>> =
            store::query(&self.pool, cmd("HGET").arg(&key).arg(iq)).await?;
        sealed.map(|sealed| self.open(&key, iq, sealed)).transpose()
    }

    /// All records of an integration, by IQ id.
    ///
    /// # Errors
    /// Redis is in trouble, or a record does not open.
    pub async fn list(&self, integration: &str) -> Result<Vec<(String, Stored)>, StoreError> {
        let key = activations_key(&self.key_prefix, integration);
        let all: HashMap<String, Vec<u8>> =
            store::query(&self.pool, cmd("HGETALL").arg(&key)).await?;
        let open = |(iq, sealed): (String, Vec<u8>)| {
            let stored = self.open(&key, &iq, sealed)?;
            Ok((iq, stored))
        };
        let mut list: Vec<_> = all.into_iter().map(open).collect::<Result<_, StoreError>>()?;
        list.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(list)
    }

    /// Stores `new` where there is still what was read before (`None`: nothing). `None`: somebody
    /// else was faster, and nothing is changed.
    ///
    /// # Errors
    /// Redis is in trouble.
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
            store::run(&self.pool, &REPLACE, &[&key], &[iq.as_bytes(), expected, &sealed]).await?;
        Ok((replaced == 1).then(|| Stored { activation: new.clone(), sealed }))
    }

    /// Removes the record where it is still what was read before: whether it was.
    ///
    /// # Errors
    /// Redis is in trouble.
    pub async fn remove(
        &self,
        integration: &str,
        iq: &str,
        read: &Stored,
    ) -> Result<bool, StoreError> {
        let key = activations_key(&self.key_prefix, integration);
        let removed: u8 =
            store::run(&self.pool, &REMOVE, &[&key], &[iq.as_bytes(), &read.sealed]).await?;
        Ok(removed == 1)
    }

    fn open(&self, key: &str, iq: &str, sealed: Vec<u8>) -> Result<Stored, StoreError> {
        let activation = Activation::unseal(&self.sealer, key, iq, &sealed)
            .map_err(|_| StoreError::Unreadable(format!("{key} {iq}")))?;
        Ok(Stored { activation, sealed })
    }
}
