//! The operator lease of an IQ: one command at a time sends one-time passwords to an IQ or moves its
//! PIN. Two at once could block the user together, or leave a PIN behind that no one knows.

use std::{sync::LazyLock, time::Duration};

use deadpool_redis::redis::Script;
use uuid::Uuid;

use super::OtpGuard;
use crate::state::{
    iq_ref::IqRef,
    store::{StoreError, millis},
};

/// Key: the lease. Arguments: the owner, the duration in ms. Answers 0 where the owner has the lease,
/// else for how many ms another owner has it.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local holder = redis.call('GET', KEYS[1])
        if holder and holder ~= ARGV[1] then return math.max(1, redis.call('PTTL', KEYS[1])) end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 0",
    )
});

/// Key: the lease. Argument: the owner.
static END: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        return redis.call('DEL', KEYS[1])",
    )
});

impl OtpGuard {
    /// Takes the lease of an IQ, or prolongs it, for so long from now. Where another owner has it:
    /// for how long at least.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn take_operator_lease(
        &self,
        iq: IqRef<'_>,
        owner: Uuid,
        lasts: Duration,
    ) -> Result<Option<Duration>, StoreError> {
        let key = self.keys.operator_lease(iq.integration_id, iq.iq_id);
        let left: u64 =
            self.store.run(TAKE.key(key).arg(owner.to_string()).arg(millis(lasts))).await?;
        Ok((left > 0).then(|| Duration::from_millis(left)))
    }

    /// Ends the lease, where it still is this owner's.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn end_operator_lease(&self, iq: IqRef<'_>, owner: Uuid) -> Result<(), StoreError> {
        let key = self.keys.operator_lease(iq.integration_id, iq.iq_id);
        self.store.run::<u8>(END.key(key).arg(owner.to_string())).await.map(drop)
    }
}
