//! The record of a stored integration.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use salto::seal::{Sealer, field_location};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::state::store::RecordError;

/// An integration as people have set it, without its password.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IntegrationDocument {
    /// Increases with every change. It is the time of the change in milliseconds of Unix time, or one more than
    /// the newest version of all integrations where that is higher.
    pub version: u64,
    /// Who made the change.
    pub author: String,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// The keys of its `[[integrations]]` table that were set, without the password.
    pub settings: Map<String, Value>,
}

/// A stored integration.
#[derive(Debug, Clone)]
pub struct IntegrationRecord {
    /// Its id.
    pub id: String,
    /// What was stored.
    pub document: IntegrationDocument,
    /// Its password.
    pub password: StoredPassword,
}

/// The password of a stored integration.
#[derive(Debug, Clone)]
pub enum StoredPassword {
    /// None is stored.
    Missing,
    /// The password.
    Known(SecretString),
    /// It was encrypted with another `secrets.key`, or is damaged.
    Undecryptable,
}

/// Stored integrations by id.
pub type StoredRecords = BTreeMap<String, VersionedRecord>;

/// A stored integration, which may be damaged.
#[derive(Debug)]
pub struct VersionedRecord {
    /// Its version; 0 where that cannot be read.
    pub version: u64,
    /// What was stored, or why it cannot be read.
    pub record: Result<IntegrationRecord, RecordError>,
}

/// The versions of all stored integrations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntegrationVersions {
    /// That of the newest change; none where there was no change yet.
    pub newest: Option<u64>,
    /// By id.
    pub by_id: BTreeMap<String, u64>,
}

impl StoredPassword {
    /// The password in a field of a hash.
    pub(super) fn unseal(sealer: &Sealer, key: &str, id: &str, sealed: Option<&[u8]>) -> Self {
        let Some(sealed) = sealed else { return Self::Missing };
        let plain = sealer.unseal(&field_location(key, id), sealed);
        match plain.as_deref().map(|plain| str::from_utf8(plain)) {
            Ok(Ok(plain)) => Self::Known(plain.into()),
            Ok(Err(_)) | Err(_) => Self::Undecryptable,
        }
    }
}

/// Reads what the script has stored.
pub(super) fn read(id: &str, document: Option<&[u8]>) -> Result<IntegrationDocument, RecordError> {
    let unreadable = |what: &str| {
        RecordError::new(format!("the stored integration {id:?} cannot be read: {what}"))
    };
    let document = document.ok_or_else(|| unreadable("its document is missing"))?;
    serde_json::from_slice(document).map_err(|error| unreadable(&error.to_string()))
}
