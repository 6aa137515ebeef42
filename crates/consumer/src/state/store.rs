//! The connection to Redis: one multiplexed connection that all messages share.
//!
//! Taking a connection from the pool costs a health check, a round trip of its own; a clone of a
//! multiplexed connection costs none. So the pool only makes connections here, and one connection is
//! used until it fails. Where replicas are waited for, a second one is used for that, because it waits meanwhile.

mod error;
mod script_call;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use deadpool_redis::redis::{
    self, FromRedisValue, RedisError, ScriptInvocation, aio::MultiplexedConnection,
};
use publisher::ProcessName;
use redis_pool::{AwaitedReplicas, Connection, Pool, REPLICATION_TIME};

use super::keys::Keys;
use crate::settings::RedisSettings;

pub use error::{RecordError, RedisUrlError, StoreError};
pub(crate) use script_call::ScriptCall;

/// Redis, as the path of messages uses it.
#[derive(Debug)]
pub struct Store {
    pool: Pool,
    shared: Slot,
    waiting: Slot,
    last_away: Mutex<Option<AwayError>>,
    /// When too few replicas last made it connect anew.
    looked_up: Mutex<Option<Instant>>,
}

/// How often too few replicas make it connect anew: where they are only slow, connecting takes time from them.
const LOOK_UP_EVERY: Duration = Duration::from_secs(1);

/// A connection that is used until it fails.
type Slot = Mutex<Option<MultiplexedConnection>>;

/// Whether replicas must have what a script writes before it answers, as many as `redis.wait_for_replicas` says. A
/// failover then finds it (docs/decisions.md, decision 52).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replication {
    /// Nothing outside of Redis rests on it.
    NotNeeded,
    /// It is waited for; without it, the script answers all the same.
    Wanted,
    /// Without it, Redis counts as away.
    Required,
}

/// The last error that was not about a record.
#[derive(Debug)]
struct AwayError {
    at: Instant,
    text: String,
}

impl Replication {
    pub(crate) const fn required_if(yes: bool) -> Self {
        if yes { Self::Required } else { Self::NotNeeded }
    }
}

impl Store {
    /// Connects when first used.
    ///
    /// # Errors
    ///
    /// [`RedisUrlError`], where Redis' client cannot read the URL.
    pub fn new(settings: &RedisSettings) -> Result<Self, RedisUrlError> {
        let key = Keys::new(&settings.key_prefix).replication();
        let replicas = AwaitedReplicas { count: settings.wait_for_replicas, key };
        let pool = redis_pool::pool(&settings.server, replicas, client_name())
            .map_err(|error| RedisUrlError(error.to_string()))?;
        let (shared, waiting) = (Mutex::new(None), Mutex::new(None));
        let (last_away, looked_up) = (Mutex::new(None), Mutex::new(None));
        Ok(Self { pool, shared, waiting, last_away, looked_up })
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
        let mut connection = self.connection(&self.shared).await?;
        let answer = script.invoke_async(&mut connection).await;
        self.keep_if_good(answer)
    }

    /// Runs a script and reads its answer, once replicas have what it has written, or has found.
    pub(crate) async fn run_replicated<T: FromRedisValue>(
        &self,
        call: &ScriptCall<'_>,
        replication: Replication,
    ) -> Result<T, StoreError> {
        let replicas = self.pool.manager().awaited_replicas();
        if replicas.count == 0 || replication == Replication::NotNeeded {
            let mut connection = self.connection(&self.shared).await?;
            return self.keep_if_good(call.run(&mut connection).await);
        }
        // The same connection for both: another one may be to another master by then.
        let mut connection = self.connection(&self.waiting).await?;
        let answer = self.keep_if_good(call.run(&mut connection).await)?;
        if self.keep_if_good(replicas.have_all(&mut connection).await)? {
            return Ok(answer);
        }
        let count = replicas.count;
        if replication == Replication::Wanted {
            tracing::warn!(count, "record is not on enough replicas yet");
            return Ok(answer);
        }
        // There may be another master by now.
        if lock(&self.looked_up).is_none_or(|at| at.elapsed() >= LOOK_UP_EVERY) {
            *lock(&self.looked_up) = Some(Instant::now());
            self.forget_connections();
        }
        Err(self.away(format!("fewer than {count} replicas took a write in {REPLICATION_TIME:?}")))
    }

    /// Runs a command and reads its answer.
    pub(crate) async fn query<T: FromRedisValue>(
        &self,
        command: &redis::Cmd,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection(&self.shared).await?;
        let answer = command.query_async(&mut connection).await;
        self.keep_if_good(answer)
    }

    /// Runs commands one after the other and reads all their answers.
    pub(crate) async fn query_all<T: FromRedisValue>(
        &self,
        commands: &redis::Pipeline,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection(&self.shared).await?;
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

    async fn connection(&self, slot: &Slot) -> Result<MultiplexedConnection, StoreError> {
        if let Some(connection) = &*lock(slot) {
            return Ok(connection.clone());
        }
        let pooled = match self.pool.get().await {
            Ok(pooled) => pooled,
            Err(error) => return Err(self.away(error.to_string())),
        };
        let connection = Connection::take(pooled);
        *lock(slot) = Some(connection.clone());
        Ok(connection)
    }

    fn keep_if_good<T>(&self, answer: Result<T, RedisError>) -> Result<T, StoreError> {
        answer.map_err(|error| match StoreError::from(error) {
            StoreError::Away(text) => {
                self.forget_connections();
                self.away(text)
            }
            error @ StoreError::Record(_) => error,
        })
    }

    /// Connects anew next time. The pool's connections are to the same server: each of them would have to fail first.
    fn forget_connections(&self) {
        *lock(&self.shared) = None;
        *lock(&self.waiting) = None;
        let _ = self.pool.retain(|_, _| false);
    }

    fn away(&self, text: String) -> StoreError {
        *lock(&self.last_away) = Some(AwayError { at: Instant::now(), text: text.clone() });
        StoreError::Away(text)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The name of this process in the server's list of clients.
fn client_name() -> String {
    let ProcessName { host, pid } = ProcessName::current();
    // A name must not contain spaces.
    format!("postern:{host}:{pid}")
}

/// A duration as an argument in milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
