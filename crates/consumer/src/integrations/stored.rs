//! The integrations that are stored in Redis, as this worker has read them, together with those of the file.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex as StdMutex, PoisonError},
};

use tokio::sync::{Mutex, Notify};

use super::registry::{Environments, Integrations, UsedSettings};
use crate::{
    operator::metrics,
    settings::{IntegrationSettings, Settings},
    state::{
        integration_records::{
            IntegrationRecord, IntegrationRecords, SettingsVersion, VersionedRecord,
        },
        store::{Store, StoreError},
    },
};

/// Reads a stored integration with the reader of the file; an error says why it cannot be used.
pub type ReadIntegration =
    fn(&IntegrationRecord, &Environments) -> Result<IntegrationSettings, String>;

/// Reads the stored integrations again where they have changed, and gives them to the registry.
pub(crate) struct StoredSettings {
    records: IntegrationRecords,
    read: ReadIntegration,
    /// Held while they are read, so that an older reading does not replace a newer one.
    known: Mutex<Known>,
    /// The newest version of what is in use; nothing before it was read for the first time.
    in_use: StdMutex<Option<Option<u64>>>,
    changed: Notify,
    /// What was last logged about a reading that failed.
    last_failure: StdMutex<Option<String>>,
}

/// What was read.
#[derive(Default)]
struct Known {
    environments: Environments,
    of_file: Vec<IntegrationSettings>,
    ids_of_file: BTreeSet<String>,
    stored: BTreeMap<String, StoredEntry>,
}

/// A stored integration.
struct StoredEntry {
    /// What was stored, so that it can be read again with other environments.
    record: VersionedRecord,
    /// Nothing where it cannot be used.
    settings: Option<IntegrationSettings>,
}

impl StoredSettings {
    /// Nothing is in use before [`Self::reload`].
    pub(crate) fn new(store: Arc<Store>, settings: &Settings, read: ReadIntegration) -> Self {
        Self::with(IntegrationRecords::through(store, settings), read)
    }

    fn with(records: IntegrationRecords, read: ReadIntegration) -> Self {
        Self {
            records,
            read,
            known: Mutex::default(),
            in_use: StdMutex::default(),
            changed: Notify::new(),
            last_failure: StdMutex::default(),
        }
    }

    /// The newest version is this: where another one is in use, [`Self::watch`] reads again.
    pub(crate) fn seen(&self, newest: Option<u64>) {
        let in_use = *self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        if in_use.is_some_and(|in_use| in_use != newest) {
            self.changed.notify_one();
        }
    }

    /// Reads what has changed, each time that [`Self::seen`] says so. Where Redis does not answer, the next
    /// heartbeat says so again.
    pub(crate) async fn watch(&self, integrations: &Integrations) {
        loop {
            self.changed.notified().await;
            if let Err(error) = self.refresh(integrations).await {
                self.log_failure(&error);
            }
        }
    }

    /// Logs why the stored integrations are not read, once for each reason. They are read once a heartbeat sees
    /// another version, also where they could not be read at the start.
    pub(crate) fn log_failure(&self, error: &StoreError) {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(None);
        let mut last = self.last_failure.lock().unwrap_or_else(PoisonError::into_inner);
        let text = error.to_string();
        if last.as_ref() != Some(&text) {
            tracing::error!(%error, "stored integrations not read, those in use stay");
            *last = Some(text);
        }
    }

    /// Uses these integrations of the file and these environments from now on, with what is stored as it was read
    /// last.
    pub(crate) async fn reload(&self, settings: &Settings, integrations: &Integrations) {
        self.reload_with(&settings.environments, &settings.integrations, integrations).await;
    }

    async fn reload_with(
        &self,
        environments: &Environments,
        of_file: &[IntegrationSettings],
        integrations: &Integrations,
    ) {
        let mut known = self.known.lock().await;
        known.environments.clone_from(environments);
        known.of_file = of_file.to_vec();
        known.ids_of_file = of_file.iter().map(|it| it.rules.id.clone()).collect();
        let stored = std::mem::take(&mut known.stored);
        for (id, entry) in stored {
            known.take(id, entry.record, self.read);
        }
        integrations.replace(&known.environments, known.all());
        show(known.of_file.iter().chain(known.stored.values().filter_map(StoredEntry::settings)));
    }

    /// Reads what has changed, and uses it from now on.
    pub(crate) async fn refresh(&self, integrations: &Integrations) -> Result<(), StoreError> {
        let mut known = self.known.lock().await;
        let versions = self.records.versions().await?;
        let other =
            versions.by_id.iter().filter(|(id, version)| known.version(id) != Some(**version));
        let mut changed: Vec<String> = other.map(|(id, _)| id.clone()).collect();
        let ids: Vec<&str> = changed.iter().map(String::as_str).collect();
        let records = self.records.some(&ids).await?;
        let stored = records.len();
        // One that has a version and no record by now was removed meanwhile.
        let is_gone = |id: &&String| !versions.by_id.contains_key(*id);
        let gone: Vec<String> = known.stored.keys().filter(is_gone).cloned().collect();
        let gone =
            gone.into_iter().chain(changed.iter().filter(|id| !records.contains_key(*id)).cloned());
        for id in gone.collect::<Vec<_>>() {
            known.stored.remove(&id);
            changed.push(id);
        }
        for (id, record) in records {
            known.take(id, record, self.read);
        }
        changed.retain(|id| !known.ids_of_file.contains(id));
        let used =
            changed.iter().map(|id| (id.as_str(), known.stored.get(id).map(StoredEntry::used)));
        integrations.change(&known.environments, used);
        show(changed.iter().filter_map(|id| known.stored.get(id)?.settings()));
        if !changed.is_empty() {
            let (removed, in_use) = (changed.len().saturating_sub(stored), known.stored.len());
            tracing::info!(changed = stored, removed, stored = in_use, "stored integrations read");
        }
        *self.in_use.lock().unwrap_or_else(PoisonError::into_inner) = Some(versions.newest);
        *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

impl Known {
    /// The version of a stored integration, as it was read.
    fn version(&self, id: &str) -> Option<u64> {
        self.stored.get(id).map(|entry| entry.record.version)
    }

    /// Reads a record. One that cannot be used is left out, and disturbs no other.
    fn take(&mut self, id: String, record: VersionedRecord, read: ReadIntegration) {
        let settings = match &record.record {
            Ok(record) => read(record, &self.environments),
            Err(error) => Err(error.to_string()),
        };
        if self.ids_of_file.contains(&id) {
            tracing::warn!(
                integration_id = id,
                next_step = "remove the stored one, or the one of the file",
                "stored integration not used, the file has one of the same id"
            );
        } else if let Err(why) = &settings {
            tracing::error!(
                integration_id = id,
                why,
                next_step = "correct it, or store it anew with postern integration apply",
                "stored integration left out"
            );
        }
        self.stored.insert(id, StoredEntry { record, settings: settings.ok() });
    }

    /// All integrations by id; those of the file win.
    fn all(&self) -> impl Iterator<Item = (&str, UsedSettings<'_>)> {
        let of_file = self.of_file.iter().map(|settings| {
            let version = SettingsVersion::OfFile;
            (settings.rules.id.as_str(), UsedSettings { version, settings: Some(settings) })
        });
        let stored = self.stored.iter().filter(|(id, _)| !self.ids_of_file.contains(*id));
        stored.map(|(id, entry)| (id.as_str(), entry.used())).chain(of_file)
    }
}

impl StoredEntry {
    fn used(&self) -> UsedSettings<'_> {
        let version = SettingsVersion::Stored(self.record.version);
        UsedSettings { version, settings: self.settings() }
    }

    fn settings(&self) -> Option<&IntegrationSettings> {
        self.settings.as_ref()
    }
}

/// Shows the answers that requests to live integrations can get.
fn show<'a>(integrations: impl Iterator<Item = &'a IntegrationSettings>) {
    let live = integrations.filter(|it| !it.mode.rehearses());
    metrics::show_integrations(live.map(|it| it.rules.id.as_str()));
}

#[cfg(test)]
mod tests;
