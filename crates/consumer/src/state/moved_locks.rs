//! The locks that a worker has found at another IQ: all other workers check their lists of locks for them before
//! their next command.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis::Script;
use salto::MovedLock;

use super::{
    keys::Keys,
    store::{Store, StoreError, millis},
};

/// Each worker reads its lists of locks again within this time, wherever there are requests.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The moved locks in Redis.
#[derive(Debug)]
pub(crate) struct MovedLocks {
    store: Arc<Store>,
    keys: Keys,
    share: Script,
}

impl MovedLocks {
    pub(crate) fn new(store: Arc<Store>, keys: Keys) -> Self {
        // Key: the moved locks. Arguments: ms for which they are kept; lock, IQ, lock, IQ, …
        let share = Script::new(
            r"for i = 2, #ARGV, 2 do
                redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
            end
            redis.call('PEXPIRE', KEYS[1], ARGV[1])",
        );
        Self { store, keys, share }
    }

    /// Shares the IQs of these locks.
    pub(crate) async fn share(
        &self,
        integration_id: &str,
        moved: &[MovedLock],
    ) -> Result<(), StoreError> {
        let mut call = self.share.key(self.keys.moved_locks(integration_id));
        call.arg(millis(KEPT_FOR));
        for MovedLock { lock_id, iq_id } in moved {
            call.arg(lock_id.to_string()).arg(iq_id.as_deref().unwrap_or_default());
        }
        self.store.run(&call).await
    }
}
