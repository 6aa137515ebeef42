//! When the last check for early warnings was made, by whichever worker.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis::cmd;

use super::{
    keys::Keys,
    store::{Store, StoreError, millis},
};

/// The last check, in Redis.
#[derive(Debug)]
pub(crate) struct WarningChecks {
    store: Arc<Store>,
    key: String,
}

impl WarningChecks {
    pub(crate) fn new(store: Arc<Store>, keys: &Keys) -> Self {
        Self { store, key: keys.warning_check() }
    }

    /// Whether the next check is due. A check that its worker did not finish does not count.
    pub(crate) async fn is_due(&self) -> Result<bool, StoreError> {
        let recent: bool = self.store.query(cmd("EXISTS").arg(&self.key)).await?;
        Ok(!recent)
    }

    /// Records that a check was made; the next one is due after `period`.
    pub(crate) async fn record(&self, period: Duration) -> Result<(), StoreError> {
        self.store.query(cmd("SET").arg(&self.key).arg(1).arg("PX").arg(millis(period))).await
    }
}
