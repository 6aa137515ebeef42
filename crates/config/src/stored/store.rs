//! Listing, reading and checking integrations.

use std::{collections::BTreeMap, sync::Arc};

use consumer::{
    IntegrationRecords, StoreError, StoredPassword, VersionedRecord, audit::OperatorAuditError,
};
use salto::Environment;
use serde_json::Map;

use super::{
    change_audit::ChangeAudit,
    document::{Document, SecretForms},
    known::KnownIntegration,
    reading::read_document,
};
use crate::{Config, environments::Environments, mistake::MistakeReport};

/// The integrations that are stored in Redis, beside those of the file.
#[derive(Debug)]
pub struct StoredIntegrations {
    pub(super) of_file: BTreeMap<String, KnownIntegration>,
    pub(super) defined: BTreeMap<String, Arc<Environment>>,
    pub(super) environments: Environments,
    pub(super) records: IntegrationRecords,
    pub(super) audit: ChangeAudit,
}

impl StoredIntegrations {
    /// Connects when first used.
    ///
    /// # Errors
    ///
    /// [`OperatorAuditError`], where Redis' client cannot read the URL.
    pub fn new(config: &Config) -> Result<Self, OperatorAuditError> {
        let settings = &config.settings;
        let none = Map::new();
        let of_file = settings.integrations.iter().map(|integration| {
            let id = integration.rules.id.clone();
            let document = config.documents.get(&id).unwrap_or(&none);
            (id, KnownIntegration::of_file(integration, document))
        });
        let defined = settings.environments.clone();
        let environments =
            defined.iter().map(|(name, it)| (name.clone(), Some(Arc::clone(it)))).collect();
        Ok(Self {
            of_file: of_file.collect(),
            defined,
            environments,
            records: IntegrationRecords::new(settings)?,
            audit: ChangeAudit::new(settings)?,
        })
    }

    /// All integrations in the order of their ids. An id that is both in the file and stored is there twice, first
    /// that of the file, which is used.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn list(&self) -> Result<Vec<KnownIntegration>, StoreError> {
        let stored = self.records.all().await?;
        let stored = stored.iter().map(|(id, record)| self.known(id, record));
        let mut all: Vec<_> = self.of_file.values().cloned().chain(stored).collect();
        all.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(all)
    }

    /// The integrations of the file, for where Redis does not answer.
    pub fn of_file(&self) -> impl Iterator<Item = &KnownIntegration> {
        self.of_file.values()
    }

    /// The integration of that id: that of the file where both have it.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn get(&self, id: &str) -> Result<Option<KnownIntegration>, StoreError> {
        if let Some(known) = self.of_file.get(id) {
            return Ok(Some(known.clone()));
        }
        self.get_stored(id).await
    }

    /// The stored integration of that id, also where the file has one.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn get_stored(&self, id: &str) -> Result<Option<KnownIntegration>, StoreError> {
        let records = self.records.some(&[id]).await?;
        Ok(records.get(id).map(|record| self.known(id, record)))
    }

    fn known(&self, id: &str, record: &VersionedRecord) -> KnownIntegration {
        KnownIntegration::stored(id, record, &self.defined, self.of_file.contains_key(id))
    }

    /// Checks a document as [`Self::apply`] does, and changes nothing. `has_password`: whether one is stored, so
    /// that the document needs none.
    ///
    /// # Errors
    ///
    /// All mistakes, by path.
    pub fn check(
        &self,
        document: &Document,
        forms: SecretForms<'_>,
        has_password: bool,
    ) -> Result<(), MistakeReport> {
        let stored = match has_password {
            true => StoredPassword::Known("stored".into()),
            false => StoredPassword::Missing,
        };
        read_document(document, &self.environments, forms, &stored).map(drop)
    }
}
