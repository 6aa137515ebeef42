//! A token cache in the memory of one process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use uuid::Uuid;

use super::cache::TokenCache;
use super::record::TokenRecord;
use crate::redis::query::StoreError;

/// A token cache for tools and tests. It is shared by the sites that it is given to, and lost with the
/// process.
#[derive(Debug, Default)]
pub struct MemoryTokenCache(Mutex<HashMap<String, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    record: Option<TokenRecord>,
    lease: Option<(Uuid, Instant)>,
}

impl MemoryTokenCache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_leased_to(&self, owner: Uuid) -> bool {
        self.lease.is_some_and(|(holder, until)| holder == owner && Instant::now() < until)
    }
}

#[async_trait]
impl TokenCache for MemoryTokenCache {
    async fn read(&self, integration: &str) -> Result<Option<TokenRecord>, StoreError> {
        Ok(self.entries().get(integration).and_then(|entry| entry.record.clone()))
    }

    async fn lease(
        &self,
        integration: &str,
        owner: Uuid,
        time: Duration,
    ) -> Result<bool, StoreError> {
        let mut entries = self.entries();
        let entry = entries.entry(integration.to_owned()).or_default();
        let now = Instant::now();
        let leased = entry.lease.is_none_or(|(holder, until)| holder == owner || until <= now);
        if leased {
            entry.lease = Some((owner, now + time));
        }
        Ok(leased)
    }

    async fn store(
        &self,
        integration: &str,
        owner: Uuid,
        record: &TokenRecord,
    ) -> Result<bool, StoreError> {
        let mut entries = self.entries();
        let entry = entries.entry(integration.to_owned()).or_default();
        let ours = entry.is_leased_to(owner);
        if ours {
            *entry = Entry { record: Some(record.clone()), lease: None };
        }
        Ok(ours || entry.record.as_ref().is_some_and(|stored| stored.is_same(record)))
    }

    async fn release(&self, integration: &str, owner: Uuid) -> Result<(), StoreError> {
        if let Some(entry) = self.entries().get_mut(integration)
            && entry.is_leased_to(owner)
        {
            entry.lease = None;
        }
        Ok(())
    }
}
