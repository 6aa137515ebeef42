//! The connection to Redis: one multiplexed connection that all messages share.
//!
//! Taking a connection from the pool costs a health check, a round trip of its own; a clone of a
//! multiplexed connection costs none. So the pool only makes connections here, and one connection is
//! used until it fails.

mod error;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use deadpool_redis::{
    Hook, Manager, Pool, Runtime,
    redis::{
        self, AsyncConnectionConfig, FromRedisValue, RedisError, ScriptInvocation,
        aio::MultiplexedConnection,
    },
};
use publisher::ProcessName;
use secrecy::ExposeSecret;

use crate::settings::RedisSettings;

pub use error::{RecordError, RedisUrlError, StoreError};

/// How long Redis may take to accept a connection, and to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Pooled connections, for the few callers outside the path of messages.
const POOL_SIZE: usize = 16;

/// Redis, as the path of messages uses it.
#[derive(Debug)]
pub struct Store {
    pool: Pool,
    current: Mutex<Option<MultiplexedConnection>>,
    last_away: Mutex<Option<AwayError>>,
}

/// The last error that was not about a record.
#[derive(Debug)]
struct AwayError {
    at: Instant,
    text: String,
}

impl Store {
    /// Connects when first used.
    ///
    /// # Errors
    ///
    /// [`RedisUrlError`], where Redis' client cannot read the URL.
    pub fn new(settings: &RedisSettings) -> Result<Self, RedisUrlError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        let manager = Manager::new_with_config(settings.url.expose_secret(), config)
            .map_err(|error| RedisUrlError(error.to_string()))?;
        let pool = Pool::builder(manager)
            .max_size(POOL_SIZE)
            .wait_timeout(Some(TIMEOUT))
            .create_timeout(Some(TIMEOUT))
            .recycle_timeout(Some(TIMEOUT))
            .post_create(client_name())
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| RedisUrlError(error.to_string()))?;
        Ok(Self { pool, current: Mutex::new(None), last_away: Mutex::new(None) })
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

    /// The last error that was not about a record, where it is not older than `period`. Redis may answer
    /// the heartbeat and refuse the scripts.
    pub(crate) fn away_within(&self, period: Duration) -> Option<StoreError> {
        let last = lock(&self.last_away);
        let recent = last.as_ref().filter(|last| last.at.elapsed() <= period);
        recent.map(|last| StoreError::Away(last.text.clone()))
    }

    async fn connection(&self) -> Result<MultiplexedConnection, StoreError> {
        if let Some(connection) = &*lock(&self.current) {
            return Ok(connection.clone());
        }
        let pooled = match self.pool.get().await {
            Ok(pooled) => pooled,
            Err(error) => return Err(self.away(error.to_string())),
        };
        let connection = deadpool_redis::Connection::take(pooled);
        *lock(&self.current) = Some(connection.clone());
        Ok(connection)
    }

    fn keep_if_good<T>(&self, answer: Result<T, RedisError>) -> Result<T, StoreError> {
        answer.map_err(|error| match StoreError::from(error) {
            StoreError::Away(text) => {
                *lock(&self.current) = None;
                self.away(text)
            }
            error @ StoreError::Record(_) => error,
        })
    }

    fn away(&self, text: String) -> StoreError {
        *lock(&self.last_away) = Some(AwayError { at: Instant::now(), text: text.clone() });
        StoreError::Away(text)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names each new connection in the server's list of clients. A server that refuses it serves everything else.
fn client_name() -> Hook {
    let ProcessName { host, pid } = ProcessName::current();
    // A name must not contain spaces.
    let name = format!("postern:{host}:{pid}");
    Hook::async_fn(move |connection, _| {
        let mut named = redis::cmd("CLIENT");
        named.arg("SETNAME").arg(&name);
        Box::pin(async move {
            if let Err(error) = named.query_async::<()>(connection).await {
                tracing::debug!(%error, "Redis does not take the name of the connection");
            }
            Ok(())
        })
    })
}

/// A duration as an argument in milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
