//! Calls to Redis. Each takes a connection of the pool and has a time limit.

use std::time::Duration;

use deadpool_redis::redis::{Cmd, FromRedisValue, RedisResult, Script};
use redis_pool::{Connection, Pool, PoolError};

/// The time limit for getting a connection and the answer together.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// Redis failed, or a value that is stored there cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Redis cannot be reached, or answered with an error.
    #[error("Redis: {0}")]
    Redis(String),
    /// Redis did not answer within the time limit.
    #[error("Redis did not answer within {} s", TIME_LIMIT.as_secs())]
    Slow,
    /// The value at this key cannot be decrypted or read.
    #[error("the value at \"{0}\" in Redis cannot be decrypted with secrets.key, or is damaged")]
    Unreadable(String),
}

/// Runs one command.
pub(crate) async fn query<T: FromRedisValue>(pool: &Pool, cmd: &Cmd) -> Result<T, StoreError> {
    within(async {
        let mut connection = connection(pool).await?;
        answer(cmd.query_async(&mut *connection).await)
    })
    .await
}

/// Runs a script with these keys and arguments, and waits a little until replicas have what it has written.
pub(crate) async fn run_script<T: FromRedisValue>(
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
        let answered = answer(call.invoke_async(&mut *connection).await)?;
        let replicas = pool.manager().awaited_replicas();
        // What Salto has given out is kept even so: it gives out the secret of an IQ only once.
        if !answer(replicas.have_all(&mut connection).await)? {
            tracing::warn!(count = replicas.count, "record is not on enough replicas yet");
        }
        Ok(answered)
    })
    .await
}

async fn connection(pool: &Pool) -> Result<Connection, StoreError> {
    pool.get().await.map_err(|error| match error {
        // The pool's own text adds nothing to the error of the backend.
        PoolError::Backend(error) => StoreError::Redis(error.to_string()),
        other => StoreError::Redis(other.to_string()),
    })
}

async fn within<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(TIME_LIMIT, call).await.unwrap_or(Err(StoreError::Slow))
}

fn answer<T>(result: RedisResult<T>) -> Result<T, StoreError> {
    result.map_err(|error| StoreError::Redis(error.to_string()))
}
