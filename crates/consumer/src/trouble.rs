//! The last thing that went wrong at an IQ, for people who look after it.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use deadpool_redis::redis::cmd;
use salto::Cause;
use serde::{Deserialize, Serialize};

use crate::{
    failure,
    keys::Keys,
    store::{Store, StoreError},
};

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// A failed reason's code.
    pub reason: String,
    /// In plain words.
    pub detail: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps it in Redis, one trouble per IQ.
#[derive(Debug)]
pub struct Troubles {
    store: Arc<Store>,
    keys: Keys,
}

impl Troubles {
    /// In that Redis, below that prefix.
    #[must_use]
    pub fn new(store: Arc<Store>, key_prefix: &str) -> Self {
        Self { store, keys: Keys::new(key_prefix) }
    }

    /// Takes note of a command or a probe that Salto did not accept. `detail` holds no secret.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn note(
        &self,
        (integration_id, iq_id): (&str, &str),
        cause: Cause,
        detail: String,
    ) -> Result<(), StoreError> {
        let reason = failure::reason(cause).code().to_owned();
        let trouble = serde_json::to_string(&Trouble { reason, detail, at: Utc::now() })
            .map_err(|error| StoreError::Refused(error.to_string()))?;
        let key = self.keys.trouble(integration_id);
        self.store.query(cmd("HSET").arg(key).arg(iq_id).arg(trouble)).await
    }

    /// The last trouble of each IQ that ever had any.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn last(&self, integration_id: &str) -> Result<HashMap<String, Trouble>, StoreError> {
        let key = self.keys.trouble(integration_id);
        let kept: HashMap<String, String> = self.store.query(cmd("HGETALL").arg(key)).await?;
        let read = |text: &str| {
            serde_json::from_str(text).map_err(|error| StoreError::Refused(error.to_string()))
        };
        kept.into_iter().map(|(iq, text)| Ok((iq, read(&text)?))).collect()
    }

    /// The IQ is nobody's business any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn forget(&self, integration_id: &str, iq_id: &str) -> Result<(), StoreError> {
        self.store.query(cmd("HDEL").arg(self.keys.trouble(integration_id)).arg(iq_id)).await
    }
}
