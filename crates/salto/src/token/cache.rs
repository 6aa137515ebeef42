//! The cache that the processes of an integration share: its token record, and the lease on it.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::record::TokenRecord;
use crate::redis::query::StoreError;

/// A token record per integration, and a lease on replacing it.
///
/// The holder of the lease asks Salto; the others wait for the record. A lease ends by itself, so that
/// they do not wait longer for a holder that has ended.
#[async_trait]
pub trait TokenCache: Send + Sync {
    /// The stored record. One that cannot be read counts as none.
    ///
    /// # Errors
    /// The store failed.
    async fn read(&self, integration: &str) -> Result<Option<TokenRecord>, StoreError>;

    /// Takes the lease for `owner` for this time from now; `false` where another owner has it. An owner
    /// that has it already has it again: the reply to its first call may have been lost.
    ///
    /// # Errors
    /// The store failed.
    async fn lease(
        &self,
        integration: &str,
        owner: Uuid,
        time: Duration,
    ) -> Result<bool, StoreError>;

    /// Stores the record and releases the lease; `false`, and nothing is stored, where the owner no longer
    /// has the lease. A record that is stored already is not stored again, and the answer is `true`: the
    /// reply to the first call may have been lost.
    ///
    /// # Errors
    /// The store failed.
    async fn store(
        &self,
        integration: &str,
        owner: Uuid,
        record: &TokenRecord,
    ) -> Result<bool, StoreError>;

    /// Releases the lease, if the owner still has it.
    ///
    /// # Errors
    /// The store failed.
    async fn release(&self, integration: &str, owner: Uuid) -> Result<(), StoreError>;
}
