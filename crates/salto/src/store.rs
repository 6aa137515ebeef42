//! Calls to Redis: one connection of the pool each, with a time limit.

use std::time::Duration;

use deadpool_redis::redis::{Cmd, FromRedisValue, RedisResult, Script};
use deadpool_redis::{Connection, Pool, PoolError};

/// For a connection and the answer together.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// Redis, or what lies there, is in trouble.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Redis cannot be reached or answers with an error.
    #[error("Redis: {0}")]
    Redis(String),
    /// Redis does not answer in time.
    #[error("Redis did not answer within {} s", TIME_LIMIT.as_secs())]
    Slow,
    /// A stored value does not open or cannot be read.
    #[error("what Redis holds at \"{0}\" does not open with secrets.key, or is damaged")]
    Unreadable(String),
}

pub(crate) async fn query<T: FromRedisValue>(pool: &Pool, cmd: &Cmd) -> Result<T, StoreError> {
    within(async {
        let mut connection = connection(pool).await?;
        told(cmd.query_async(&mut connection).await)
    })
    .await
}

/// Runs `script` with these keys and arguments.
pub(crate) async fn run<T: FromRedisValue>(
    pool: &Pool,
    script: &Script,
    keys: &[&str],
    args: &[&[u8]],
) -> Result<T, StoreError> {
    within(async {
        let mut connection = connection(pool).await?;
        let mut call = script.prepare_invoke();
        keys.iter().for_each(|key| {
            call.key(*key);
        });
        args.iter().for_each(|arg| {
            call.arg(*arg);
        });
        told(call.invoke_async(&mut connection).await)
    })
    .await
}

async fn connection(pool: &Pool) -> Result<Connection, StoreError> {
    pool.get().await.map_err(|error| match error {
        // The pool's own words about it say nothing more.
        PoolError::Backend(error) => StoreError::Redis(error.to_string()),
        other => StoreError::Redis(other.to_string()),
    })
}

async fn within<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(TIME_LIMIT, call).await.unwrap_or(Err(StoreError::Slow))
}

fn told<T>(result: RedisResult<T>) -> Result<T, StoreError> {
    result.map_err(|error| StoreError::Redis(error.to_string()))
}
