//! Changing and removing stored integrations.

use chrono::{SubsecRound, Utc};
use consumer::{
    ChangeStored, IntegrationChange, IntegrationDocument, IntegrationRecords, PasswordChange,
    StoreError, StoredPassword, VersionedRecord,
    audit::{AuditEntry, IntegrationChangeLine, SettingChange},
};

use super::{
    document::{Document, SecretForms},
    draft::{Draft, check_version, password_of},
    error::ChangeError,
    reading::read_document,
    store::StoredIntegrations,
};

/// How often a change is tried that others come before.
const ATTEMPTS: u32 = 20;

/// A change that is in effect: no claim that follows rests on what was before.
#[derive(Debug, Clone)]
pub struct AppliedChange {
    /// The id of the integration.
    pub id: String,
    /// Its version now.
    pub version: u64,
    /// Whether it is new.
    pub created: bool,
    /// The settings that changed, without the values of secrets; none where the document is what was stored, and
    /// nothing was changed.
    pub changes: Vec<SettingChange>,
}

/// A removal that is in effect.
#[derive(Debug, Clone)]
pub struct RemovedIntegration {
    /// The id of the integration.
    pub id: String,
    /// The version of the removal.
    pub version: u64,
}

impl StoredIntegrations {
    /// Stores a document, as a new integration or in place of what is stored. A password that it does not have
    /// stays as it is stored.
    ///
    /// `based_on` is the version that the change was made from; where it is not given, the document's own
    /// `version`. A new integration needs none. `author` is named in the audit and to whom comes later.
    ///
    /// # Errors
    ///
    /// [`ChangeError`].
    pub async fn apply(
        &self,
        document: &Document,
        forms: SecretForms<'_>,
        based_on: Option<u64>,
        author: &str,
    ) -> Result<AppliedChange, ChangeError> {
        let id = document.id().unwrap_or_default();
        self.refuse_of_file(id)?;
        let based_on = based_on.or_else(|| document.version());
        let mut newest = None;
        for _ in 0..ATTEMPTS {
            let stored = self.stored(id).await?;
            check_version(id, based_on, stored.as_ref())?;
            let password = stored.as_ref().map_or(&StoredPassword::Missing, password_of);
            let checked = read_document(document, &self.environments, forms, password)?;
            let draft = Draft::new(document, checked, stored.as_ref());
            if draft.changes.is_empty()
                && let Some(VersionedRecord { version, .. }) = stored
            {
                let (id, changes) = (id.to_owned(), Vec::new());
                return Ok(AppliedChange { id, version, created: false, changes });
            }
            let version = IntegrationRecords::next_version(newest.max(draft.version_before));
            match self.store(id, &draft, version, author).await? {
                ChangeStored::Stored => {
                    let created = draft.version_before.is_none();
                    let changes = draft.changes;
                    return Ok(AppliedChange { id: id.to_owned(), version, created, changes });
                }
                ChangeStored::Changed => {}
                ChangeStored::VersionTooLow(than) => newest = Some(than),
            }
        }
        Err(ChangeError::Contested { id: id.to_owned() })
    }

    /// Removes a stored integration, which opens no door afterwards; `based_on` as for [`Self::apply`], where the
    /// caller has shown a version. Its bookings, tokens and activations stay.
    ///
    /// # Errors
    ///
    /// [`ChangeError`].
    pub async fn remove(
        &self,
        id: &str,
        based_on: Option<u64>,
        author: &str,
    ) -> Result<RemovedIntegration, ChangeError> {
        let mut newest = None;
        for _ in 0..ATTEMPTS {
            let Some(stored) = self.stored(id).await? else {
                self.refuse_of_file(id)?;
                return Err(match based_on {
                    Some(based_on) => ChangeError::Removed { id: id.to_owned(), based_on },
                    None => ChangeError::Unknown { id: id.to_owned() },
                });
            };
            check_version(id, based_on.or(Some(stored.version)), Some(&stored))?;
            let version = IntegrationRecords::next_version(newest.max(Some(stored.version)));
            match self.store(id, &Draft::removal(&stored), version, author).await? {
                ChangeStored::Stored => {
                    return Ok(RemovedIntegration { id: id.to_owned(), version });
                }
                ChangeStored::Changed => {}
                ChangeStored::VersionTooLow(than) => newest = Some(than),
            }
        }
        Err(ChangeError::Contested { id: id.to_owned() })
    }

    fn refuse_of_file(&self, id: &str) -> Result<(), ChangeError> {
        match self.of_file.contains_key(id) {
            true => Err(ChangeError::OfFile { id: id.to_owned() }),
            false => Ok(()),
        }
    }

    async fn stored(&self, id: &str) -> Result<Option<VersionedRecord>, StoreError> {
        Ok(self.records.some(&[id]).await?.remove(id))
    }

    async fn store(
        &self,
        id: &str,
        draft: &Draft,
        version: u64,
        author: &str,
    ) -> Result<ChangeStored, ChangeError> {
        if let PasswordChange::Set(_) = draft.password {
            self.records.check_key().await?;
        }
        self.audit.prepare().await?;
        let changes = draft.changes.clone();
        let line = IntegrationChangeLine::new(draft.action, draft.version_before, version, changes);
        let entry = AuditEntry::of_change(id, author, line);
        let document = draft.document.as_ref().map(|settings| IntegrationDocument {
            version,
            author: author.to_owned(),
            changed_at: Utc::now().trunc_subsecs(3),
            settings: settings.clone(),
        });
        let change = IntegrationChange {
            id,
            read_version: draft.version_before,
            document: document.as_ref(),
            version,
            password: &draft.password,
            audit: &entry,
        };
        let stored = self.records.write(&change).await.map_err(ChangeError::Unconfirmed)?;
        if stored == ChangeStored::Stored {
            self.audit.write(&entry).await?;
        }
        Ok(stored)
    }
}
