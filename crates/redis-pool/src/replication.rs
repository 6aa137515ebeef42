//! Waiting until replicas have what was written.

use std::time::Duration;

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{RedisResult, pipe};

/// How long replicas are waited for. It is shorter than the 300 ms after its claim within which a command leaves
/// (docs/contract.md, invariant 2).
pub const REPLICATION_TIME: Duration = Duration::from_millis(200);

/// How many replicas must have what is written before something outside of Redis rests on it.
#[derive(Debug, Clone)]
pub struct AwaitedReplicas {
    /// Their number; 0 waits for none.
    pub count: u16,
    /// A key that is written before each wait: a connection waits for what it has written itself, and what must be on
    /// the replicas may have been written over another one.
    pub key: String,
}

impl AwaitedReplicas {
    /// Waits until enough replicas have everything that the master of this connection has written by now; answers
    /// whether they have it within [`REPLICATION_TIME`]. Meanwhile the connection does nothing else.
    ///
    /// # Errors
    /// Redis failed, or the connection is lost: then nothing is known of what was written.
    pub async fn have_all(&self, connection: &mut MultiplexedConnection) -> RedisResult<bool> {
        if self.count == 0 {
            return Ok(true);
        }
        let limit = u64::try_from(REPLICATION_TIME.as_millis()).unwrap_or(u64::MAX);
        let mut write_and_wait = pipe();
        write_and_wait.cmd("SET").arg(&self.key).arg("1").ignore();
        write_and_wait.cmd("WAIT").arg(self.count).arg(limit);
        let (have_it,): (u16,) = write_and_wait.query_async(connection).await?;
        Ok(have_it >= self.count)
    }
}
