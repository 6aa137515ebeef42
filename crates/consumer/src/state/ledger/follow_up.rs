//! What follows a recorded outcome: its audit line, its events and its dead letter, each recorded when it is
//! done.

use deadpool_redis::redis;

use super::{Ledger, RequestKey};
use crate::state::store::StoreError;

impl Ledger {
    /// Appends an audit line to the stream that another worker has kept to write it elsewhere.
    pub(crate) async fn append_audit(&self, line: &str) -> Result<(), StoreError> {
        let mut add = redis::cmd("XADD");
        add.arg(self.keys.audit()).arg("*").arg("line").arg(line);
        self.store.query(&add).await
    }

    /// Records that the outcome's audit line is written.
    pub(crate) async fn remove_audit_line(
        &self,
        request: RequestKey<'_>,
    ) -> Result<(), StoreError> {
        let key = self.keys.request(request.key);
        self.store.query(redis::cmd("HDEL").arg(key).arg("audit")).await
    }

    /// Records that the broker has confirmed the terminal event, where the check-in is still to be
    /// published.
    pub(crate) async fn mark_terminal_published(
        &self,
        request: RequestKey<'_>,
    ) -> Result<(), StoreError> {
        let key = self.keys.request(request.key);
        self.store.query(redis::cmd("HSET").arg(key).arg("terminal_published").arg("1")).await
    }

    /// Records that the outcome's dead letter is in the dead letters.
    pub(crate) async fn mark_dead_lettered(
        &self,
        request: RequestKey<'_>,
    ) -> Result<(), StoreError> {
        let key = self.keys.request(request.key);
        self.store.query(redis::cmd("HSET").arg(key).arg("dead_lettered").arg("1")).await
    }
}
