//! The clock offset of each environment, kept in Redis over restarts.

use chrono::TimeDelta;
use deadpool_redis::Pool;
use deadpool_redis::redis::cmd;

use crate::clock::SaltoClock;
use crate::store::{self, StoreError};

/// Keeps one offset per environment. It is no secret.
#[derive(Clone)]
pub struct ClockStore {
    pool: Pool,
    key_prefix: String,
}

impl ClockStore {
    /// A store in that Redis, its keys beginning with `key_prefix`.
    #[must_use]
    pub fn new(pool: Pool, key_prefix: &str) -> Self {
        Self { pool, key_prefix: key_prefix.to_owned() }
    }

    /// Sets the clock to the offset stored last, if there is one.
    ///
    /// # Errors
    /// Redis cannot be asked.
    pub async fn load(&self, clock: &SaltoClock) -> Result<(), StoreError> {
        let stored: Option<i64> = store::query(&self.pool, cmd("GET").arg(self.key(clock))).await?;
        if let Some(offset) = stored.and_then(TimeDelta::try_milliseconds) {
            clock.set(offset);
        }
        Ok(())
    }

    /// Stores the clock's present offset.
    ///
    /// # Errors
    /// Redis cannot be told.
    pub async fn store(&self, clock: &SaltoClock) -> Result<(), StoreError> {
        let offset = clock.offset().num_milliseconds();
        store::query(&self.pool, cmd("SET").arg(self.key(clock)).arg(offset)).await
    }

    fn key(&self, clock: &SaltoClock) -> String {
        format!("{}clock-offset:{}", self.key_prefix, clock.environment())
    }
}
