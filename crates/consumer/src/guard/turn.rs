//! Whose turn it is at an IQ, of the people who have Salto look at one-time passwords or move a PIN:
//! one at a time, or they could block the user together, or leave a PIN behind that nobody knows.

use std::{sync::LazyLock, time::Duration};

use deadpool_redis::redis::Script;
use uuid::Uuid;

use super::Guard;
use crate::store::StoreError;

/// Key: the turn. Arguments: who, for how many ms. Answers 0 where it is theirs, else for how many
/// ms it is somebody else's.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local holder = redis.call('GET', KEYS[1])
        if holder and holder ~= ARGV[1] then return math.max(1, redis.call('PTTL', KEYS[1])) end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 0",
    )
});

/// Key: the turn. Argument: who.
static END: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        return redis.call('DEL', KEYS[1])",
    )
});

impl Guard {
    /// Takes the turn at an IQ, or keeps it, for so long from now. Where it is somebody else's: for
    /// how long yet, unless they keep it.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn take_turn(
        &self,
        integration_id: &str,
        iq_id: &str,
        who: Uuid,
        lasts: Duration,
    ) -> Result<Option<Duration>, StoreError> {
        let key = self.keys.turn(integration_id, iq_id);
        let lasts = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        let left: u64 = self.store.run(TAKE.key(key).arg(who.to_string()).arg(lasts)).await?;
        Ok((left > 0).then(|| Duration::from_millis(left)))
    }

    /// Gives the turn back, where it still is theirs.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn end_turn(
        &self,
        integration_id: &str,
        iq_id: &str,
        who: Uuid,
    ) -> Result<(), StoreError> {
        let key = self.keys.turn(integration_id, iq_id);
        self.store.run::<u8>(END.key(key).arg(who.to_string())).await.map(drop)
    }
}
