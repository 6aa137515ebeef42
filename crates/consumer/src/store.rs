//! The connection to Redis: one multiplexed connection that all messages share.
//!
//! A pooled connection costs a health check, a round trip of its own, whenever it is taken; a
//! clone of a multiplexed one costs nothing. So the pool only makes connections here, and one is
//! in use until it fails.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use deadpool_redis::{
    Manager, Pool, Runtime,
    redis::{
        self, AsyncConnectionConfig, FromRedisValue, RedisError, ScriptInvocation, ServerErrorKind,
        aio::MultiplexedConnection,
    },
};
use secrecy::ExposeSecret;

use crate::settings::RedisSettings;

/// How long Redis may take to accept a connection, and to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Pooled connections, for the few callers beside the messages' way.
const POOL_SIZE: usize = 16;

/// Why Redis did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis cannot be reached or does not serve now; later it may.
    #[error("Redis is away: {0}")]
    Away(String),
    /// Redis answered, and the answer is an error or makes no sense.
    #[error("Redis refused: {0}")]
    Refused(String),
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        if is_away(&error) {
            Self::Away(error.to_string())
        } else {
            Self::Refused(error.to_string())
        }
    }
}

impl From<redis::ParsingError> for StoreError {
    fn from(error: redis::ParsingError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// Whether waiting may mend it: Redis is down, starting, failing over, full or without its disk.
fn is_away(error: &RedisError) -> bool {
    use redis::ErrorKind;
    if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() {
        return true;
    }
    if let Some(code) = error.code()
        && matches!(code, "OOM" | "MISCONF" | "NOAUTH" | "WRONGPASS" | "NOREPLICAS" | "BUSY")
    {
        return true;
    }
    match error.kind() {
        ErrorKind::Io | ErrorKind::AuthenticationFailed => true,
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::BusyLoading
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ReadOnly
        ),
        _ => false,
    }
}

/// Redis, as the messages' way uses it.
#[derive(Debug)]
pub struct Store {
    pool: Pool,
    current: Mutex<Option<MultiplexedConnection>>,
}

impl Store {
    /// Connects when first used.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] when the URL is none that Redis' client understands.
    pub fn new(settings: &RedisSettings) -> Result<Self, StoreError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        let manager = Manager::new_with_config(settings.url.expose_secret(), config)?;
        let pool = Pool::builder(manager)
            .max_size(POOL_SIZE)
            .wait_timeout(Some(TIMEOUT))
            .create_timeout(Some(TIMEOUT))
            .recycle_timeout(Some(TIMEOUT))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::Refused(error.to_string()))?;
        Ok(Self { pool, current: Mutex::new(None) })
    }

    /// The pool, for callers that need a connection of their own now and then.
    #[must_use]
    pub fn pool(&self) -> Pool {
        self.pool.clone()
    }

    /// Runs a script and reads its answer.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection().await?;
        let answer = script.invoke_async(&mut connection).await;
        self.keep_if_good(answer)
    }

    /// Runs a command and reads its answer.
    pub(crate) async fn query<T: FromRedisValue>(
        &self,
        command: &redis::Cmd,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        self.keep_if_good(answer)
    }

    /// Runs commands one after the other and reads all their answers.
    pub(crate) async fn query_all<T: FromRedisValue>(
        &self,
        commands: &redis::Pipeline,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection().await?;
        let answers = commands.query_async(&mut connection).await;
        self.keep_if_good(answers)
    }

    async fn connection(&self) -> Result<MultiplexedConnection, StoreError> {
        if let Some(connection) = &*self.lock() {
            return Ok(connection.clone());
        }
        let pooled = self.pool.get().await.map_err(|error| StoreError::Away(error.to_string()))?;
        let connection = deadpool_redis::Connection::take(pooled);
        *self.lock() = Some(connection.clone());
        Ok(connection)
    }

    fn keep_if_good<T>(&self, answer: Result<T, RedisError>) -> Result<T, StoreError> {
        answer.map_err(|error| {
            let error = StoreError::from(error);
            if matches!(error, StoreError::Away(_)) {
                *self.lock() = None;
            }
            error
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<MultiplexedConnection>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod testing;
