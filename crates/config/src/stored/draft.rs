//! A change before it is stored: what it replaces, and what differs.

use consumer::{
    IntegrationRecord, PasswordChange, StoredPassword, VersionedRecord,
    audit::{ChangeAction, SettingChange},
};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use super::{
    changes,
    document::Document,
    error::{ChangeError, StoredVersion},
    reading::CheckedDocument,
};
use crate::json::PASSWORD;

/// A change that may be stored.
pub(super) struct Draft {
    pub(super) action: ChangeAction,
    /// The version that it replaces; none where there is none.
    pub(super) version_before: Option<u64>,
    /// What is stored; nothing where the integration is removed.
    pub(super) document: Option<Map<String, Value>>,
    pub(super) password: PasswordChange,
    pub(super) changes: Vec<SettingChange>,
}

impl Draft {
    /// The document in place of what is stored.
    pub(super) fn new(
        document: &Document,
        checked: CheckedDocument,
        stored: Option<&VersionedRecord>,
    ) -> Self {
        let record = stored.and_then(|stored| stored.record.as_ref().ok());
        let password = password_change(document, &checked, record);
        let none = Map::new();
        let before = record.map_or(&none, |record| &record.document.settings);
        let mut changes = changes::between(before, &checked.document);
        if !matches!(password, PasswordChange::Keep) {
            changes.push(changes::of_secret(PASSWORD));
        }
        let action = stored.map_or(ChangeAction::Created, |_| ChangeAction::Changed);
        let version_before = stored.map(|stored| stored.version);
        Self { action, version_before, document: Some(checked.document), password, changes }
    }

    /// The removal of what is stored.
    pub(super) fn removal(stored: &VersionedRecord) -> Self {
        Self {
            action: ChangeAction::Removed,
            version_before: Some(stored.version),
            document: None,
            password: PasswordChange::Drop,
            changes: Vec::new(),
        }
    }
}

/// What becomes of the stored password.
fn password_change(
    document: &Document,
    checked: &CheckedDocument,
    record: Option<&IntegrationRecord>,
) -> PasswordChange {
    let stored = record.map_or(&StoredPassword::Missing, |record| &record.password);
    match (checked.password(), stored) {
        (None, StoredPassword::Missing) => PasswordChange::Keep,
        (None, StoredPassword::Known(_) | StoredPassword::Undecryptable) => PasswordChange::Drop,
        (Some(_), StoredPassword::Known(_)) if !document.has_password() => PasswordChange::Keep,
        (Some(given), StoredPassword::Known(stored))
            if given.expose_secret() == stored.expose_secret() =>
        {
            PasswordChange::Keep
        }
        (Some(given), _) => PasswordChange::Set(given.clone()),
    }
}

/// The password of what is stored.
pub(super) fn password_of(stored: &VersionedRecord) -> &StoredPassword {
    stored.record.as_ref().map_or(&StoredPassword::Missing, |record| &record.password)
}

/// Refuses a change that is not based on what is stored.
pub(super) fn check_version(
    id: &str,
    based_on: Option<u64>,
    stored: Option<&VersionedRecord>,
) -> Result<(), ChangeError> {
    let id = || id.to_owned();
    match (based_on, stored) {
        (None, None) => Ok(()),
        (Some(based_on), None) => Err(ChangeError::Removed { id: id(), based_on }),
        (Some(based_on), Some(stored)) if stored.version == based_on => Ok(()),
        (Some(based_on), Some(stored)) => {
            Err(ChangeError::Newer { id: id(), based_on, stored: version_of(stored) })
        }
        (None, Some(stored)) => {
            Err(ChangeError::VersionMissing { id: id(), stored: version_of(stored) })
        }
    }
}

fn version_of(stored: &VersionedRecord) -> StoredVersion {
    let document = stored.record.as_ref().ok().map(|record| &record.document);
    StoredVersion {
        version: stored.version,
        author: document.map(|document| document.author.clone()),
        changed_at: document.map(|document| document.changed_at),
    }
}
