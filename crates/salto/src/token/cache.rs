//! Where the processes share an integration's token, and take turns fetching it.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::record::TokenRecord;
use crate::store::StoreError;

/// A token record per integration, and a lease on replacing it.
///
/// Whoever holds the lease asks Salto; the others wait for the record. A lease ends by itself, so a
/// process that dies with it is waited for no longer than that.
#[async_trait]
pub trait TokenCache: Send + Sync {
    /// What is stored. A record that cannot be read counts as none.
    ///
    /// # Errors
    /// The store is in trouble.
    async fn read(&self, integration: &str) -> Result<Option<TokenRecord>, StoreError>;

    /// Takes the lease for `owner` for so long; `false` where somebody holds it.
    ///
    /// # Errors
    /// The store is in trouble.
    async fn lease(
        &self,
        integration: &str,
        owner: Uuid,
        time: Duration,
    ) -> Result<bool, StoreError>;

    /// Stores the record and gives the lease back; `false`, and nothing stored, where the lease is
    /// no longer the owner's.
    ///
    /// # Errors
    /// The store is in trouble.
    async fn store(
        &self,
        integration: &str,
        owner: Uuid,
        record: &TokenRecord,
    ) -> Result<bool, StoreError>;

    /// Gives the lease back, if it is still the owner's.
    ///
    /// # Errors
    /// The store is in trouble.
    async fn release(&self, integration: &str, owner: Uuid) -> Result<(), StoreError>;
}
