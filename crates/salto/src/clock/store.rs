//! The clock offset of each environment, stored in Redis over restarts.

use chrono::TimeDelta;
use deadpool_redis::Pool;
use deadpool_redis::redis::cmd;

use super::SaltoClock;
use crate::redis::query::{self, StoreError};

/// Stores one offset per environment, unencrypted: an offset is not a secret.
#[derive(Clone)]
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
        let stored: Option<i64> = query::query(&self.pool, cmd("GET").arg(self.key(clock))).await?;
        if let Some(offset) = stored.and_then(TimeDelta::try_milliseconds) {
            clock.set(offset);
        }
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

    fn key(&self, clock: &SaltoClock) -> String {
        format!("{}clock-offset:{}", self.key_prefix, clock.environment())
    }
}
