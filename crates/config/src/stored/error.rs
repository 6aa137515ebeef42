//! Why an integration was not changed.

use chrono::{DateTime, Utc};
use consumer::{RedisUrlError, StoreError, audit::OperatorAuditError};
use salto::KeyCheckError;

use crate::mistake::MistakeReport;

/// Why an integration was not changed. Nothing was changed, unless the variant says so.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The document has mistakes.
    #[error(transparent)]
    Mistakes(#[from] MistakeReport),
    /// The file has an integration of that id.
    #[error("{id} is an integration of the configuration file: change it there")]
    OfFile {
        /// Its id.
        id: String,
    },
    /// There is none of that id.
    #[error("no integration {id:?} is stored")]
    Unknown {
        /// The id.
        id: String,
    },
    /// It is stored, and the document does not say which version it was made from.
    #[error("{id} is stored already: say which version the change is based on; {stored}")]
    VersionMissing {
        /// Its id.
        id: String,
        /// What is stored.
        stored: StoredVersion,
    },
    /// It was changed after the version that the change is based on.
    #[error("{id} was changed meanwhile: the change is based on version {based_on}, and {stored}")]
    Newer {
        /// Its id.
        id: String,
        /// The version that the change is based on.
        based_on: u64,
        /// What is stored.
        stored: StoredVersion,
    },
    /// It was removed after the version that the change is based on.
    #[error(
        "{id} is not stored, and the change is based on version {based_on}: it was removed; \
         `postern audit --integration {id} --outcome changed` says by whom"
    )]
    Removed {
        /// Its id.
        id: String,
        /// The version that the change is based on.
        based_on: u64,
    },
    /// `secrets.key` is not the key of what is stored.
    #[error(transparent)]
    SecretsKey(#[from] KeyCheckError),
    /// Redis cannot be used.
    #[error(transparent)]
    RedisUrl(#[from] RedisUrlError),
    /// Redis does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Redis did not answer while the change was written.
    #[error("whether the change is stored is not known: {0}")]
    Unconfirmed(#[source] StoreError),
    /// Others changed it again and again meanwhile.
    #[error("{id} is changed by others again and again: try again")]
    Contested {
        /// Its id.
        id: String,
    },
    /// The audit cannot be written, so nothing was changed.
    #[error("the audit cannot be written, so nothing was changed: {0}")]
    Audit(#[source] OperatorAuditError),
    /// The change is in effect, and its line of the audit could not be written.
    #[error("the change is in effect, and its audit line could not be written ({source}): {line}")]
    AuditLineLost {
        /// The line.
        line: String,
        /// Why.
        source: OperatorAuditError,
    },
}

/// What is stored by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVersion {
    /// Its version.
    pub version: u64,
    /// Who stored it; none where the record is damaged.
    pub author: Option<String>,
    /// When.
    pub changed_at: Option<DateTime<Utc>>,
}

impl std::fmt::Display for StoredVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "version {} is stored", self.version)?;
        if let Some(author) = &self.author {
            write!(f, ", by {author}")?;
        }
        match self.changed_at {
            Some(at) => write!(f, " at {}", at.format("%Y-%m-%d %H:%M:%S UTC")),
            None => Ok(()),
        }
    }
}
