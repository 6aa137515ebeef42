//! The failure of a call to Redis, with the advice for it.

use anyhow::anyhow;
use consumer::StoreError;

use super::advice;

/// The failure of a call to Redis, with the advice for it.
pub fn store_failure(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::Away(_) => anyhow!("{error}; {}", advice::REDIS_UNUSABLE),
        StoreError::Record(_) => anyhow!(error),
    }
}
