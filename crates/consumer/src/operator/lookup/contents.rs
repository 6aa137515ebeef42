//! What Redis is filled with, by kind of key: a count, and an estimate of its memory from samples.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use deadpool_redis::redis;
use salto::key_pattern;
use tokio::time::Instant;

use super::Lookup;
use crate::state::store::StoreError;

/// How long the count may take: it reads a part of the keys where there are many.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// Kinds that are distinguished: the names of postern's keys, and some of other programs below its prefix.
const MOST_KINDS: usize = 40;

/// The kind of all further keys.
const OTHER: &str = "other";

/// Integrations without a configuration that are named.
const MOST_NAMED: usize = 20;

/// What Redis is filled with below postern's prefix.
#[derive(Debug, Default)]
pub struct Contents {
    /// By kind, which is the part of the key between the prefix and the next colon.
    pub kinds: BTreeMap<String, KeyKind>,
    /// Whether all keys were counted.
    pub is_complete: bool,
    /// Bookings of integrations that are not configured.
    pub unknown_bookings: u64,
    /// Some of these integrations.
    pub unknown_integrations: BTreeSet<String>,
}

/// The keys of one kind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct KeyKind {
    /// How many there are.
    pub keys: u64,
    samples: u64,
    sampled_bytes: u64,
}

impl KeyKind {
    /// The memory of all keys, as far as the samples tell. Bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let average = u128::from(self.sampled_bytes) * u128::from(self.keys);
        u64::try_from(average / u128::from(self.samples.max(1))).unwrap_or(u64::MAX)
    }
}

/// How much memory Redis uses, and may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedisMemory {
    /// Bytes in use.
    pub used: u64,
    /// The limit in bytes; none where there is none.
    pub limit: Option<u64>,
}

impl Lookup {
    /// Counts the keys, for a limited time. `is_known`: whether an integration is configured.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn contents(&self, is_known: impl Fn(&str) -> bool) -> Result<Contents, StoreError> {
        let until = Instant::now() + TIME_LIMIT;
        let pattern = key_pattern(self.keys.prefix(), "");
        let (mut contents, mut cursor) = (Contents::default(), Some(0));
        while let Some(from) = cursor {
            if Instant::now() > until {
                return Ok(contents);
            }
            let (next, keys) = self.keys_from(from, &pattern).await?;
            let sampled = self.count(&keys, &is_known, &mut contents);
            self.sample(sampled, &mut contents).await?;
            cursor = next;
        }
        contents.is_complete = true;
        Ok(contents)
    }

    /// Counts these keys, and answers one of each kind.
    fn count<'a>(
        &self,
        keys: &'a [String],
        is_known: &impl Fn(&str) -> bool,
        contents: &mut Contents,
    ) -> BTreeMap<String, &'a str> {
        let mut sampled = BTreeMap::new();
        for key in keys {
            let name = key.strip_prefix(self.keys.prefix()).unwrap_or(key);
            let name = name.split_once(':').map_or(name, |(name, _)| name);
            let is_full = contents.kinds.len() >= MOST_KINDS && !contents.kinds.contains_key(name);
            let name = if is_full { OTHER } else { name };
            contents.kinds.entry(name.to_owned()).or_default().keys += 1;
            sampled.entry(name.to_owned()).or_insert(key.as_str());
            if let Some((integration, _)) = self.keys.read_booking(key)
                && !is_known(&integration)
            {
                contents.unknown_bookings += 1;
                if contents.unknown_integrations.len() < MOST_NAMED {
                    contents.unknown_integrations.insert(integration);
                }
            }
        }
        sampled
    }

    /// Asks for the memory of these keys, one of each kind.
    async fn sample(
        &self,
        sampled: BTreeMap<String, &str>,
        contents: &mut Contents,
    ) -> Result<(), StoreError> {
        if sampled.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for key in sampled.values() {
            pipeline.cmd("MEMORY").arg("USAGE").arg(*key);
        }
        // A key may have expired meanwhile.
        let sizes: Vec<Option<u64>> = self.store.query_all(&pipeline).await?;
        for (name, size) in sampled.keys().zip(sizes) {
            if let (Some(kind), Some(size)) = (contents.kinds.get_mut(name), size) {
                kind.samples += 1;
                kind.sampled_bytes = kind.sampled_bytes.saturating_add(size);
            }
        }
        Ok(())
    }

    /// How much memory Redis uses, with everything else that is in it.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn memory(&self) -> Result<RedisMemory, StoreError> {
        let info: String = self.store.query(redis::cmd("INFO").arg("memory")).await?;
        let value = |name: &str| {
            info.lines()
                .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))
                .and_then(|value| value.parse::<u64>().ok())
        };
        let limit = value("maxmemory").filter(|limit| *limit > 0);
        Ok(RedisMemory { used: value("used_memory").unwrap_or(0), limit })
    }
}
