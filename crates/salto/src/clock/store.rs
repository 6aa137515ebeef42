//! The clock offset of each environment, stored in Redis over restarts, and the number of its corrections.

use std::sync::LazyLock;

use chrono::TimeDelta;
use deadpool_redis::redis::{Script, cmd};
use redis_pool::Pool;

use super::SaltoClock;
use crate::redis::query::{self, StoreError};

/// Keys: the offset, the corrections. Argument: the offset. Answers the number of corrections.
static CORRECT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"redis.call('SET', KEYS[1], ARGV[1])
        return redis.call('INCR', KEYS[2])",
    )
});

/// Stores one offset per environment, unencrypted: an offset is not a secret.
#[derive(Debug, Clone)]
pub struct ClockStore {
    pool: Pool,
    key_prefix: String,
}

impl ClockStore {
    /// A store in that Redis; its keys begin with `key_prefix`.
    #[must_use]
    pub fn new(pool: Pool, key_prefix: &str) -> Self {
        Self { pool, key_prefix: key_prefix.to_owned() }
    }

    /// Sets the clock to the offset that was stored last, if there is one.
    ///
    /// # Errors
    /// Redis failed.
    pub async fn load(&self, clock: &SaltoClock) -> Result<(), StoreError> {
        let corrections = clock_corrections_key(&self.key_prefix, clock.environment());
        let mut both = cmd("MGET");
        both.arg(self.key(clock)).arg(corrections);
        let (stored, corrections): (Option<i64>, Option<u64>) =
            query::query(&self.pool, &both).await?;
        if let Some(offset) = stored.and_then(TimeDelta::try_milliseconds) {
            clock.set(offset);
        }
        clock.set_corrections(corrections.unwrap_or_default());
        Ok(())
    }

    /// Stores the clock's current offset.
    ///
    /// # Errors
    /// Redis failed.
    pub async fn store(&self, clock: &SaltoClock) -> Result<(), StoreError> {
        let offset = clock.offset().num_milliseconds();
        query::query(&self.pool, cmd("SET").arg(self.key(clock)).arg(offset)).await
    }

    /// Stores the offset after a correction: all replicas then measure their own before their next command,
    /// because each machine has a clock of its own.
    ///
    /// # Errors
    /// Redis failed.
    pub async fn share_correction(&self, clock: &SaltoClock) -> Result<(), StoreError> {
        let keys = [self.key(clock), clock_corrections_key(&self.key_prefix, clock.environment())];
        let offset = clock.offset().num_milliseconds().to_string();
        let args = [offset.as_bytes()];
        let keys = [keys[0].as_str(), keys[1].as_str()];
        let corrections = query::run_script(&self.pool, &CORRECT, &keys, &args).await?;
        clock.set_corrections(corrections);
        Ok(())
    }

    fn key(&self, clock: &SaltoClock) -> String {
        format!("{}clock-offset:{}", self.key_prefix, clock.environment())
    }
}

/// The key of the number of corrections of an environment's clock offset.
#[must_use]
pub fn clock_corrections_key(key_prefix: &str, environment: &str) -> String {
    format!("{key_prefix}clock-corrections:{environment}")
}
