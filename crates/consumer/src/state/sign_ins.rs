//! The number of sign-ins that were tried at the console, over all consoles.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis;

use super::{
    keys::Keys,
    store::{Store, StoreError, millis},
};

/// Tries are counted for so long from the first one.
const PERIOD: Duration = Duration::from_secs(15 * 60);
/// Tries of one user, and from one address, in that time.
const MOST_OF_USER: u64 = 10;
const MOST_OF_ADDRESS: u64 = 30;

/// A try that was one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyTries {
    /// The time until tries are counted anew.
    pub wait: Duration,
    /// Whether it is the first one too many of its period. The others have no line in the audit: whoever reaches
    /// the console could fill it with them.
    pub is_first: bool,
}

/// Counts the tries to sign in.
#[derive(Debug, Clone)]
pub struct SignIns {
    store: Arc<Store>,
    keys: Keys,
}

impl SignIns {
    /// Counts below the prefix of all keys.
    #[must_use]
    pub fn new(store: Arc<Store>, key_prefix: &str) -> Self {
        Self { store, keys: Keys::new(key_prefix) }
    }

    /// Counts a try before the password is checked, so that tries at the same time are counted too. Names are counted only for addresses that may still try, so that
    /// nobody fills Redis with names.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn try_now(
        &self,
        user: &str,
        address: &str,
    ) -> Result<Result<(), TooManyTries>, StoreError> {
        let of_address = self.keys.sign_ins_of_address(address);
        if let Err(too_many) = self.count(&of_address, MOST_OF_ADDRESS).await? {
            return Ok(Err(too_many));
        }
        let of_user = self.keys.sign_ins_of_user(user);
        self.count(&of_user, MOST_OF_USER).await
    }

    async fn count(&self, key: &str, most: u64) -> Result<Result<(), TooManyTries>, StoreError> {
        let mut begin = redis::cmd("SET");
        begin.arg(key).arg(0).arg("PX").arg(millis(PERIOD)).arg("NX");
        let mut count = redis::pipe();
        count.atomic().add_command(begin).ignore();
        count.cmd("INCR").arg(key).cmd("PTTL").arg(key);
        let (tries, left): (u64, i64) = self.store.query_all(&count).await?;
        if tries <= most {
            return Ok(Ok(()));
        }
        let wait = Duration::from_millis(u64::try_from(left).unwrap_or_default());
        Ok(Err(TooManyTries { wait, is_first: tries == most + 1 }))
    }

    /// Forgets the user's tries after one that was right. Those from the address still count: who knows one
    /// password may not try many others.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn succeeded(&self, user: &str) -> Result<(), StoreError> {
        let _: u64 =
            self.store.query(redis::cmd("DEL").arg(self.keys.sign_ins_of_user(user))).await?;
        Ok(())
    }
}
