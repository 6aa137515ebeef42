//! The integrations that are stored in Redis: their documents, versions and sealed passwords.
//!
//! There is one hash of each, by the id of the integration. The hash of versions is small and read by every
//! claim of a request of such an integration: a change is in effect as soon as it is stored
//! (docs/decisions.md, decision 55).

mod change;
mod record;
mod settings_version;

use std::{collections::BTreeMap, sync::Arc};

use chrono::Utc;
use deadpool_redis::redis::{self, Script};
use salto::{
    KeyCheckError, check_key,
    seal::{Sealer, field_location},
};
use secrecy::ExposeSecret;

use super::{
    keys::Keys,
    store::{RecordError, RedisUrlError, Replication, Store, StoreError, millis},
};
use crate::settings::{AuditSink, Settings};

pub use change::{ChangeStored, IntegrationChange, PasswordChange};
pub use record::{
    IntegrationDocument, IntegrationRecord, IntegrationVersions, StoredPassword, StoredRecords,
    VersionedRecord,
};
pub(crate) use settings_version::SettingsVersion;

/// The stored integrations in Redis.
#[derive(Debug)]
pub struct IntegrationRecords {
    store: Arc<Store>,
    sealer: Arc<Sealer>,
    key_prefix: String,
    versions_key: String,
    documents_key: String,
    passwords_key: String,
    audit_key: String,
    /// How long the audit's stream is kept, where lines go there. Milliseconds.
    audit_stream: Option<u64>,
    write: Script,
}

impl IntegrationRecords {
    /// Connects when first used.
    ///
    /// # Errors
    ///
    /// [`RedisUrlError`], where Redis' client cannot read the URL.
    pub fn new(settings: &Settings) -> Result<Self, RedisUrlError> {
        Ok(Self::through(Arc::new(Store::new(&settings.redis)?), settings))
    }

    /// Uses a connection that the caller uses too.
    pub(crate) fn through(store: Arc<Store>, settings: &Settings) -> Self {
        let audit_stream = match &settings.audit {
            AuditSink::Redis => Some(millis(settings.retention.audit)),
            AuditSink::Directory(_) | AuditSink::Stdout | AuditSink::Off => None,
        };
        Self::with(store, &settings.redis.key_prefix, settings.secrets.sealer(), audit_stream)
    }

    /// `audit_stream`: how long the stream of audit lines is kept, in milliseconds; none where lines go elsewhere.
    pub(crate) fn with(
        store: Arc<Store>,
        key_prefix: &str,
        sealer: Arc<Sealer>,
        audit_stream: Option<u64>,
    ) -> Self {
        let keys = Keys::new(key_prefix);
        Self {
            store,
            sealer,
            key_prefix: key_prefix.to_owned(),
            versions_key: keys.integration_versions(),
            documents_key: keys.integrations(),
            passwords_key: keys.integration_passwords(),
            audit_key: keys.audit(),
            audit_stream,
            write: Script::new(include_str!("write.lua")),
        }
    }

    /// The versions of all stored integrations.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or the key has another type.
    pub async fn versions(&self) -> Result<IntegrationVersions, StoreError> {
        let read = self.store.query(redis::cmd("HGETALL").arg(&self.versions_key)).await?;
        Ok(read_versions(read))
    }

    /// All stored integrations, as they are at one moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a key has another type.
    pub async fn all(&self) -> Result<StoredRecords, StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.atomic().cmd("HGETALL").arg(&self.versions_key);
        pipeline.cmd("HGETALL").arg(&self.documents_key);
        pipeline.cmd("HGETALL").arg(&self.passwords_key);
        let (versions, mut documents, mut passwords): (_, Fields, Fields) =
            self.store.query_all(&pipeline).await?;
        let versions = read_versions(versions).by_id.into_iter();
        let records = versions.map(|(id, version)| {
            let (document, password) = (documents.remove(&id), passwords.remove(&id));
            let record = self.record(&id, document.as_deref(), password.as_deref());
            (id, VersionedRecord { version, record })
        });
        Ok(records.collect())
    }

    /// Those of these integrations that are stored, as they are at one moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a key has another type.
    pub async fn some(&self, ids: &[&str]) -> Result<StoredRecords, StoreError> {
        if ids.is_empty() {
            return Ok(StoredRecords::new());
        }
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        for key in [&self.versions_key, &self.documents_key, &self.passwords_key] {
            pipeline.cmd("HMGET").arg(key).arg(ids);
        }
        let (versions, documents, passwords): (Vec<Option<String>>, Values, Values) =
            self.store.query_all(&pipeline).await?;
        let fields = ids.iter().zip(versions).zip(documents.into_iter().zip(passwords));
        let records = fields.filter_map(|((id, version), (document, password))| {
            let record = self.record(id, document.as_deref(), password.as_deref());
            Some(((*id).to_owned(), VersionedRecord { version: number(&version?), record }))
        });
        Ok(records.collect())
    }

    fn record(
        &self,
        id: &str,
        document: Option<&[u8]>,
        password: Option<&[u8]>,
    ) -> Result<IntegrationRecord, RecordError> {
        Ok(IntegrationRecord {
            id: id.to_owned(),
            document: record::read(id, document)?,
            password: StoredPassword::unseal(&self.sealer, &self.passwords_key, id, password),
        })
    }

    /// Checks that `secrets.key` is the key of what is stored, before something is encrypted with it.
    ///
    /// # Errors
    ///
    /// [`KeyCheckError`], where it is not, or Redis does not answer.
    pub async fn check_key(&self) -> Result<(), KeyCheckError> {
        check_key(&self.store.pool(), &self.key_prefix, &self.sealer).await
    }

    /// A version for the next change, where the newest one is this.
    #[must_use]
    pub fn next_version(newest: Option<u64>) -> u64 {
        let now = u64::try_from(Utc::now().timestamp_millis()).unwrap_or(0);
        newest.map_or(now, |newest| now.max(newest.saturating_add(1)))
    }

    /// Stores a change together with its audit line, where lines go to Redis. Once this has answered that it is
    /// stored, no claim that follows rests on what was before, in any worker.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Where Redis is away, whether the change is stored is not known.
    pub async fn write(&self, change: &IntegrationChange<'_>) -> Result<ChangeStored, StoreError> {
        let text = |error: serde_json::Error| RecordError::new(error.to_string());
        let document = change.document.map(serde_json::to_string).transpose().map_err(text)?;
        let line = match self.audit_stream {
            Some(_) => serde_json::to_string(change.audit).map_err(text)?,
            None => String::new(),
        };
        let (what, sealed) = match change.password {
            PasswordChange::Keep => ("keep", vec![]),
            PasswordChange::Drop => ("drop", vec![]),
            PasswordChange::Set(password) => {
                let location = field_location(&self.passwords_key, change.id);
                ("set", self.sealer.seal(&location, password.expose_secret().as_bytes()))
            }
        };
        let read_version = change.read_version.map(|it| it.to_string()).unwrap_or_default();
        let answer: Vec<String> = self
            .store
            .run_replicated(
                self.write
                    .key(&self.versions_key)
                    .key(&self.documents_key)
                    .key(&self.passwords_key)
                    .key(&self.audit_key)
                    .arg(change.id)
                    .arg(read_version)
                    .arg(change.version)
                    .arg(document.unwrap_or_default())
                    .arg(what)
                    .arg(sealed)
                    .arg(line)
                    .arg(self.audit_stream.unwrap_or_default()),
                // What is switched off must stay so after a failover.
                Replication::Required,
            )
            .await?;
        match answer.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["stored"] => Ok(ChangeStored::Stored),
            ["changed"] => Ok(ChangeStored::Changed),
            ["later", newest] => Ok(ChangeStored::VersionTooLow(newest.parse().unwrap_or(0))),
            other => Err(StoreError::Away(format!("a change was answered with {other:?}"))),
        }
    }
}

#[cfg(test)]
impl IntegrationRecords {
    /// Makes the document of an integration unreadable.
    pub(crate) async fn damage(&self, id: &str) {
        let mut set = redis::cmd("HSET");
        set.arg(&self.documents_key).arg(id).arg("{");
        self.store.query::<()>(&set).await.unwrap();
    }
}

/// All fields of a hash, and some values of one.
type Fields = BTreeMap<String, Vec<u8>>;
type Values = Vec<Option<Vec<u8>>>;

fn read_versions(mut fields: BTreeMap<String, String>) -> IntegrationVersions {
    let newest = fields.remove("").map(|newest| number(&newest));
    let by_id = fields.into_iter().map(|(id, version)| (id, number(&version)));
    IntegrationVersions { newest, by_id: by_id.collect() }
}

/// A version; 0 where it is no number, as in the scripts.
pub(crate) fn number(version: &str) -> u64 {
    version.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests;
