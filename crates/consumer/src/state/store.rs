//! The connection to Redis: one multiplexed connection that all messages share.
//!
//! Taking a connection from the pool costs a health check, a round trip of its own; a clone of a
//! multiplexed connection costs none. So the pool only makes connections here, and one connection is
//! used until it fails.

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

/// Pooled connections, for the few callers outside the path of messages.
const POOL_SIZE: usize = 16;

/// Why Redis did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis cannot be reached or does not serve commands now; it may do so later.
    #[error("Redis is away: {0}")]
    Away(String),
    /// Redis answered with an error, or with a value that cannot be read.
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

/// Whether waiting may help: Redis is down, starting, failing over, full or cannot write its disk.
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

/// Redis, as the path of messages uses it.
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
    /// [`StoreError::Refused`] where Redis' client cannot read the URL.
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

    /// The pool, for callers that need a connection of their own.
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

/// A duration as an argument in milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(crate) mod testing;
