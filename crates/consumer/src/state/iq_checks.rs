//! Which worker looks at an integration's IQs: one of them in each period.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use deadpool_redis::redis::Script;

use super::{
    keys::Keys,
    store::{Store, StoreError, millis},
    write_id::WriteIds,
};

/// Key: the check. Arguments: its id, the period in ms, 1 where it is made anyway. Answers 1 where the
/// check of that id is made; repeated, it answers the same.
static BEGIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local recent = redis.call('GET', KEYS[1])
        if recent and recent ~= ARGV[1] and ARGV[3] ~= '1' then return 0 end
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        return 1",
    )
});

/// The checks that were made not long ago, in Redis.
#[derive(Debug)]
pub(crate) struct IqChecks {
    store: Arc<Store>,
    keys: Keys,
    ids: WriteIds,
}

impl IqChecks {
    pub(crate) fn new(store: Arc<Store>, keys: Keys) -> Self {
        Self { store, keys, ids: WriteIds::default() }
    }

    /// Whether this worker makes the check of an integration's IQs: no worker has made it in the last
    /// `period`, or this one makes it `anyway`.
    pub(crate) async fn begin(
        &self,
        integration_id: &str,
        period: Duration,
        anyway: bool,
    ) -> Result<bool, StoreError> {
        let key = self.keys.iq_check(integration_id);
        let id = self.ids.begin(integration_id).to_string();
        let mut begin = BEGIN.key(key);
        begin.arg(id).arg(millis(period)).arg(u8::from(anyway));
        let begun: u8 = self.store.run(&begin).await?;
        self.ids.answered(integration_id);
        Ok(begun == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::testing::redis as store;

    #[tokio::test]
    async fn one_worker_makes_the_check_even_where_its_reply_is_lost() {
        let (store, prefix) = store();
        let checks = || IqChecks::new(Arc::clone(&store), Keys::new(prefix.clone()));
        let (one, two) = (checks(), checks());
        let period = Duration::from_secs(60);
        // The script has run, and the worker does not know it.
        let mut lost = BEGIN.key(one.keys.iq_check("acme"));
        lost.arg(one.ids.begin("acme").to_string()).arg(millis(period)).arg(0);
        assert_eq!(store.run::<u8>(&lost).await.unwrap(), 1);
        assert!(!two.begin("acme", period, false).await.unwrap());
        assert!(one.begin("acme", period, false).await.unwrap(), "the check was not made yet");
        assert!(!one.begin("acme", period, false).await.unwrap());
        assert!(two.begin("acme", period, true).await.unwrap(), "anyway");
        assert!(two.begin("other", period, false).await.unwrap());
    }
}
