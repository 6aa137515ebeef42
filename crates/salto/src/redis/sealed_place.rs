//! Where an encrypted value is in Redis: reading it, and replacing it where it has not changed.

use std::sync::LazyLock;

use deadpool_redis::redis::{Script, cmd};
use redis_pool::Pool;

use super::query::{self, StoreError};
use super::seal::field_location;

/// Key: a text. Arguments: expected value, new value. Its time to live stays.
static REPLACE_TEXT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
        return 1",
    )
});

/// Key: a hash. Arguments: field, expected value, new value.
static REPLACE_FIELD: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
        return 1",
    )
});

/// Where a sealed value is.
pub(crate) struct Place {
    pub(crate) key: String,
    pub(crate) field: Option<String>,
}

impl Place {
    pub(super) async fn read(&self, pool: &Pool) -> Result<Option<Vec<u8>>, StoreError> {
        let mut read = match &self.field {
            None => cmd("GET"),
            Some(_) => cmd("HGET"),
        };
        query::query(pool, read.arg(&self.key).arg(self.field.as_slice())).await
    }

    /// Replaces the value where it is still `sealed`. Answers whether it was.
    pub(crate) async fn replace(
        &self,
        pool: &Pool,
        sealed: &[u8],
        anew: &[u8],
    ) -> Result<bool, StoreError> {
        let keys = [self.key.as_str()];
        let replaced: u8 = match &self.field {
            None => query::run_script(pool, &REPLACE_TEXT, &keys, &[sealed, anew]).await?,
            Some(field) => {
                let arguments = [field.as_bytes(), sealed, anew];
                query::run_script(pool, &REPLACE_FIELD, &keys, &arguments).await?
            }
        };
        Ok(replaced == 1)
    }

    pub(super) fn location(&self) -> String {
        match &self.field {
            None => self.key.clone(),
            Some(field) => field_location(&self.key, field),
        }
    }

    pub(super) fn name(&self) -> String {
        match &self.field {
            None => self.key.clone(),
            Some(field) => format!("{} {field}", self.key),
        }
    }
}
