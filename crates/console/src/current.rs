//! The integrations as they are now: those of the file, and those that are stored in Redis, which change while the
//! console runs.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use config::{Config, KnownIntegration, StoredIntegrations};
use consumer::{IntegrationRecords, IntegrationVersions, Settings, StoreError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::app_error::AppError;

/// How often it is looked whether a stored integration has changed.
const INTERVAL: Duration = Duration::from_millis(500);

/// The integrations, as they were read last.
pub(crate) struct Current {
    /// What lists, checks and changes them.
    pub(crate) store: StoredIntegrations,
    records: IntegrationRecords,
    of_file: Settings,
    now: RwLock<Arc<Snapshot>>,
}

/// The integrations at one moment.
pub(crate) struct Snapshot {
    /// All settings, with the integrations that a worker uses.
    pub(crate) settings: Settings,
    /// All integrations in the order of their ids, also those that no worker uses.
    pub(crate) all: Vec<KnownIntegration>,
    /// What was read; nothing where Redis did not answer yet.
    versions: Option<IntegrationVersions>,
}

impl Current {
    /// Those of the file, until the first refresh.
    pub(crate) fn new(config: &Config) -> Result<Self, AppError> {
        let store = StoredIntegrations::new(config)?;
        let of_file = config.settings.clone();
        let mut all: Vec<_> = store.of_file().cloned().collect();
        all.sort_by(|one, other| one.id.cmp(&other.id));
        let snapshot = Snapshot { settings: of_file.clone(), all, versions: None };
        let records = IntegrationRecords::new(&of_file)?;
        Ok(Self { store, records, of_file, now: RwLock::new(Arc::new(snapshot)) })
    }

    /// As they were read last.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads them again where one has changed.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let versions = Some(self.records.versions().await?);
        if self.snapshot().versions == versions {
            return Ok(());
        }
        let all = self.store.list().await?;
        let mut settings = self.of_file.clone();
        settings.integrations = all.iter().filter_map(|it| it.settings.clone()).collect();
        let snapshot = Arc::new(Snapshot { settings, all, versions });
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(())
    }
}

/// Keeps them up to date until the console stops. Redis away leaves them as they are.
pub(crate) async fn keep(current: Arc<Current>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = current.refresh().await {
            tracing::debug!(%error, "console: stored integrations not read");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep(INTERVAL) => {}
        }
    }
}
