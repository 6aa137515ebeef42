//! The last error of each IQ, for the operators who look after it.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use deadpool_redis::redis::cmd;
use salto::Cause;
use serde::{Deserialize, Serialize};

use super::{
    failure::failed_reason,
    iq_ref::IqRef,
    keys::Keys,
    store::{RecordError, Store, StoreError},
};

/// An error of a command or a probe at an IQ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError {
    /// A failed reason's code.
    pub reason: String,
    /// An explanation in plain words.
    pub detail: String,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// The last errors in Redis, one per IQ.
#[derive(Debug)]
pub struct LastErrors {
    store: Arc<Store>,
    keys: Keys,
}

impl LastErrors {
    /// In that Redis, below that prefix.
    #[must_use]
    pub fn new(store: Arc<Store>, key_prefix: &str) -> Self {
        Self { store, keys: Keys::new(key_prefix) }
    }

    /// Records that Salto did not accept a command or a probe. `detail` holds no secret.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn record(
        &self,
        iq: IqRef<'_>,
        cause: Cause,
        detail: String,
    ) -> Result<(), StoreError> {
        let reason = failed_reason(cause).code().to_owned();
        let error = serde_json::to_string(&LastError { reason, detail, at: Utc::now() })
            .map_err(|error| RecordError::new(error.to_string()))?;
        let key = self.keys.last_errors(iq.integration_id);
        self.store.query(cmd("HSET").arg(key).arg(iq.iq_id).arg(error)).await
    }

    /// The last error of each IQ that has had one, by IQ.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn by_iq(
        &self,
        integration_id: &str,
    ) -> Result<HashMap<String, LastError>, StoreError> {
        let key = self.keys.last_errors(integration_id);
        let kept: HashMap<String, String> = self.store.query(cmd("HGETALL").arg(key)).await?;
        let read = |text: &str| {
            serde_json::from_str(text).map_err(|error| RecordError::new(error.to_string()))
        };
        kept.into_iter().map(|(iq, text)| Ok((iq, read(&text)?))).collect()
    }

    /// Removes the record of an IQ that postern no longer uses.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn forget(&self, iq: IqRef<'_>) -> Result<(), StoreError> {
        let key = self.keys.last_errors(iq.integration_id);
        self.store.query(cmd("HDEL").arg(key).arg(iq.iq_id)).await
    }
}
