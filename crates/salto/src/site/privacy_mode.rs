//! Privacy mode of a lock (`docs/salto-ks.md`, What else stands between a command and a door).

use tokio::time::Instant;
use uuid::Uuid;

use super::Site;
use crate::error::CallError;

impl Site {
    /// After a refused command: whether the list of locks says that privacy mode is on at its lock. The list is
    /// read, except where it was read a moment ago for the same question.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn privacy_mode(&self, lock: Uuid) -> Result<bool, CallError> {
        let calls = &self.calls;
        if !calls.lock_list.recently_read_after_refusal(Instant::now()) {
            calls.refresh_locks().await?;
            calls.lock_list.set_read_after_refusal(Instant::now());
        }
        Ok(calls.lock_list.privacy_mode(lock))
    }
}
