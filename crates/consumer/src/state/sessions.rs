//! The sessions of people at the console. Only the SHA-256 of a session's id is in a key, so that nobody who
//! reads Redis can use one.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use deadpool_redis::redis;
use serde::{Deserialize, Serialize};

use super::{
    keys::Keys,
    store::{RecordError, Store, StoreError, millis},
};

/// A session ends this long after its last use.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// A session ends this long after its sign-in.
const LONGEST: Duration = Duration::from_secs(12 * 3600);

/// What is known of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The name of the user.
    pub user: String,
    /// Ends the session where the user's password is another one by now: a digest of its hash.
    pub password: String,
    /// The token that every form of the session has.
    pub csrf: String,
    /// When it ends at the latest.
    pub ends_at: DateTime<Utc>,
}

/// The sessions, by the SHA-256 of their ids in hexadecimal digits.
#[derive(Debug, Clone)]
pub struct Sessions {
    store: Arc<Store>,
    keys: Keys,
}

impl Sessions {
    /// Sessions below the prefix of all keys.
    #[must_use]
    pub fn new(store: Arc<Store>, key_prefix: &str) -> Self {
        Self { store, keys: Keys::new(key_prefix) }
    }

    /// Stores a session that begins now.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn begin(
        &self,
        id_hash: &str,
        user: &str,
        password: &str,
        csrf: &str,
    ) -> Result<(), StoreError> {
        let session = Session {
            user: user.to_owned(),
            password: password.to_owned(),
            csrf: csrf.to_owned(),
            ends_at: Utc::now() + LONGEST,
        };
        let record =
            serde_json::to_string(&session).map_err(|error| RecordError::new(error.to_string()))?;
        let mut set = redis::cmd("SET");
        set.arg(self.keys.session(id_hash)).arg(record).arg("PX").arg(millis(IDLE));
        self.store.query(&set).await
    }

    /// The session, which is used now; none where it has ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn use_now(&self, id_hash: &str) -> Result<Option<Session>, StoreError> {
        let mut get = redis::cmd("GETEX");
        get.arg(self.keys.session(id_hash)).arg("PX").arg(millis(IDLE));
        let record: Option<String> = self.store.query(&get).await?;
        let session: Option<Session> = record.and_then(|record| serde_json::from_str(&record).ok());
        Ok(session.filter(|session| Utc::now() < session.ends_at))
    }

    /// Whether the session has not ended; this does not use it.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn is_live(&self, id_hash: &str) -> Result<bool, StoreError> {
        self.store.query(redis::cmd("EXISTS").arg(self.keys.session(id_hash))).await
    }

    /// Ends the session.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn end(&self, id_hash: &str) -> Result<(), StoreError> {
        let _: u64 = self.store.query(redis::cmd("DEL").arg(self.keys.session(id_hash))).await?;
        Ok(())
    }
}
