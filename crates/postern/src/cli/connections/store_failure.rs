//! The failure of a call to Redis, with the advice for it.

use anyhow::anyhow;
use consumer::StoreError;

use super::advice;
use crate::cli::failure::CommandFailure;

/// The failure of a call to Redis, with the advice for it.
pub(crate) fn store_failure(error: StoreError) -> CommandFailure {
    match error {
        StoreError::Away(_) => {
            CommandFailure::Failed(anyhow!("{error}; {}", advice::REDIS_UNUSABLE))
        }
        StoreError::Record(_) => CommandFailure::Failed(anyhow!(error)),
    }
}
