//! Which worker looks at an integration's IQs: one of them in each period.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis;

use super::{
    keys::Keys,
    store::{Store, StoreError, millis},
};

/// The checks that were made not long ago, in Redis.
#[derive(Debug)]
pub(crate) struct IqChecks {
    store: Arc<Store>,
    keys: Keys,
}

impl IqChecks {
    pub(crate) const fn new(store: Arc<Store>, keys: Keys) -> Self {
        Self { store, keys }
    }

    /// Whether this worker makes the check of an integration's IQs: no worker has made it in the last
    /// `period`, or this one makes it `anyway`.
    pub(crate) async fn begin(
        &self,
        integration_id: &str,
        period: Duration,
        anyway: bool,
    ) -> Result<bool, StoreError> {
        let mut set = redis::cmd("SET");
        set.arg(self.keys.iq_check(integration_id)).arg("1").arg("PX").arg(millis(period));
        if !anyway {
            set.arg("NX");
        }
        let set: Option<String> = self.store.query(&set).await?;
        Ok(set.is_some())
    }
}
