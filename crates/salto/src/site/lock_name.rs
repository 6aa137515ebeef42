//! Locks by their name at Salto, where that is unique.

use tokio::time::Instant;
use uuid::Uuid;

use super::Site;
use super::lock_list::NamedLocks;
use crate::error::{CallError, Cause};

impl Site {
    /// The lock of that name, if this process knows exactly one: makes no call and does not wait.
    #[must_use]
    pub fn lock_named(&self, name: &str) -> Option<Uuid> {
        match self.calls.lock_list.named(name)? {
            NamedLocks::One(lock) => Some(lock),
            NamedLocks::Several(_) => None,
        }
    }

    /// The same; the list of locks is read, except where it was read a moment ago.
    ///
    /// # Errors
    /// A call failed, or [`Cause::LockNotFound`]: the site has no lock of that name, or several.
    pub async fn find_lock_named(&self, name: &str) -> Result<Uuid, CallError> {
        let calls = &self.calls;
        if self.lock_named(name).is_none() && !calls.lock_list.recently_read(Instant::now()) {
            calls.refresh_locks().await?;
        }
        let detail = match calls.lock_list.named(name) {
            Some(NamedLocks::One(lock)) => return Ok(lock),
            Some(NamedLocks::Several(count)) => {
                format!("{count} locks of the site are named {name:?}, so the mapping needs an id")
            }
            None => format!("no lock of the site is named {name:?}"),
        };
        Err(CallError::new(Cause::LockNotFound, detail))
    }
}
