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
        self.mark(request, "terminal_published").await
    }

    /// Records that the outcome's dead letter is in the dead letters.
    pub(crate) async fn mark_dead_lettered(
        &self,
        request: RequestKey<'_>,
    ) -> Result<(), StoreError> {
        self.mark(request, "dead_lettered").await
    }

    /// Sets a mark of a recorded outcome. A record that is gone (Redis lost it) is not made anew.
    async fn mark(&self, request: RequestKey<'_>, mark: &str) -> Result<(), StoreError> {
        self.store.run(self.mark.key(self.keys.request(request.key)).arg(mark)).await
    }
}
