//! An integration as it is shown: where it comes from and what was set, without secrets.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use consumer::{IntegrationSettings, StoredPassword, VersionedRecord};
use salto::{Environment, SignIn};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{reading::read_stored, toml_text};

/// An integration, without its password.
#[derive(Debug, Clone)]
pub struct KnownIntegration {
    /// Its id.
    pub id: String,
    /// Where it comes from.
    pub origin: IntegrationOrigin,
    /// The keys that were set, as in `[[integrations]]`, without the password; empty where the record is damaged.
    pub document: Map<String, Value>,
    /// Whether it has a password.
    pub has_password: bool,
    /// What the keys mean, with the defaults of those that were not set; nothing where there is a problem.
    pub settings: Option<IntegrationSettings>,
    /// Why no worker uses it.
    pub problem: Option<IntegrationProblem>,
}

/// Where an integration comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum IntegrationOrigin {
    /// From the configuration file: it is changed there.
    File,
    /// It is stored in Redis.
    Stored {
        /// Its version; a change must be based on it.
        version: u64,
        /// Who made the last change; none where the record is damaged.
        author: Option<String>,
        /// When.
        changed_at: Option<DateTime<Utc>>,
    },
}

/// Why no worker uses an integration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntegrationProblem {
    /// The file has an integration of the same id, which is used instead.
    #[error("the configuration file has an integration of the same id, which is used instead")]
    OfFile,
    /// It cannot be read; with what is wrong.
    #[error("cannot be used: {0}")]
    Unreadable(String),
}

impl IntegrationProblem {
    /// What an operator does about it.
    #[must_use]
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::OfFile => {
                "remove one of the two: the stored one with `postern integration remove`, or the one of the file"
            }
            Self::Unreadable(_) => {
                "correct what is wrong, or store it anew with `postern integration apply`"
            }
        }
    }
}

impl KnownIntegration {
    /// One of the file.
    pub(super) fn of_file(settings: &IntegrationSettings, document: &Map<String, Value>) -> Self {
        Self {
            id: settings.rules.id.clone(),
            origin: IntegrationOrigin::File,
            document: document.clone(),
            has_password: matches!(settings.account.sign_in, SignIn::Password { .. }),
            settings: Some(settings.clone()),
            problem: None,
        }
    }

    /// A stored one.
    pub(super) fn stored(
        id: &str,
        stored: &VersionedRecord,
        environments: &BTreeMap<String, Arc<Environment>>,
        is_of_file: bool,
    ) -> Self {
        let version = stored.version;
        let (origin, document, has_password, read) = match &stored.record {
            Ok(record) => {
                let (author, at) = (record.document.author.clone(), record.document.changed_at);
                let (author, changed_at) = (Some(author), Some(at));
                let has_password = !matches!(record.password, StoredPassword::Missing);
                let origin = IntegrationOrigin::Stored { version, author, changed_at };
                let read = read_stored(record, environments);
                (origin, record.document.settings.clone(), has_password, read)
            }
            Err(error) => {
                let origin = IntegrationOrigin::Stored { version, author: None, changed_at: None };
                (origin, Map::new(), false, Err(error.to_string()))
            }
        };
        let (settings, problem) = match read {
            Ok(_) if is_of_file => (None, Some(IntegrationProblem::OfFile)),
            Ok(settings) => (Some(settings), None),
            Err(what) => (None, Some(IntegrationProblem::Unreadable(what))),
        };
        Self { id: id.to_owned(), origin, document, has_password, settings, problem }
    }

    /// The version, where it is stored.
    #[must_use]
    pub const fn version(&self) -> Option<u64> {
        match &self.origin {
            IntegrationOrigin::File => None,
            IntegrationOrigin::Stored { version, .. } => Some(*version),
        }
    }

    /// The document with its version, as `apply` takes it: without the password, which stays what it is.
    #[must_use]
    pub fn exported(&self) -> Map<String, Value> {
        let mut document = self.document.clone();
        if let Some(version) = self.version() {
            document.insert("version".to_owned(), version.into());
        }
        document
    }

    /// [`Self::exported`] in TOML.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml_text::of(&self.exported())
    }
}
