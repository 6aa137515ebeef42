//! What all doors of an integration depend on: the state that the checks see, and the one that was told
//! last, over all workers and restarts.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use deadpool_redis::redis::{Script, cmd};
use events::{IntegrationState, Outbound};

use super::{
    keys::Keys,
    store::{RecordError, Store, StoreError, millis},
};

/// How long the state of an integration is kept that is no longer checked.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

static SEE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("conditions/see.lua")));
static TELL: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("conditions/tell.lua")));
static REJECTIONS: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("conditions/rejections.lua")));

/// The state of an integration as the checks have seen it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeenState {
    /// The state that was told last; none where none was.
    pub(crate) told: Option<IntegrationState>,
    /// Since when the state is seen without another one between.
    pub(crate) since: DateTime<Utc>,
    /// The same as a duration, by Redis' clock.
    pub(crate) seen_for: Duration,
    /// How many changes were told lately.
    pub(crate) changes: u32,
}

/// The conditions in Redis.
#[derive(Debug)]
pub(crate) struct Conditions {
    store: Arc<Store>,
    keys: Keys,
}

impl Conditions {
    pub(crate) fn new(store: Arc<Store>, keys: Keys) -> Self {
        Self { store, keys }
    }

    /// The state that was told last; none where none was.
    pub(crate) async fn told(
        &self,
        integration_id: &str,
    ) -> Result<Option<IntegrationState>, StoreError> {
        let told = cmd("HGET").arg(self.keys.condition(integration_id)).arg("told").clone();
        let told: Option<String> = self.store.query(&told).await?;
        Ok(told.as_deref().and_then(IntegrationState::from_code))
    }

    /// Records the state that a check has seen; changes are counted over `lately`.
    pub(crate) async fn see(
        &self,
        integration_id: &str,
        state: IntegrationState,
        lately: Duration,
    ) -> Result<SeenState, StoreError> {
        let mut see = SEE.key(self.keys.condition(integration_id));
        see.arg(state.code()).arg(millis(KEPT_FOR)).arg(millis(lately));
        let (told, since, seen_for, changes): (String, i64, u64, u32) =
            self.store.run(&see).await?;
        let since = DateTime::from_timestamp_millis(since).ok_or_else(|| {
            RecordError::new(format!("a state of an integration is seen since {since}"))
        })?;
        let seen_for = Duration::from_millis(seen_for);
        Ok(SeenState { told: IntegrationState::from_code(&told), since, seen_for, changes })
    }

    /// Records that the state seen last is told, together with its notice; answers whether it was
    /// recorded. It is not, where another worker has told or seen something else meanwhile.
    pub(crate) async fn tell(
        &self,
        integration_id: &str,
        before: Option<IntegrationState>,
        state: IntegrationState,
        notice: &Outbound,
        lately: Duration,
    ) -> Result<bool, StoreError> {
        let notice = notice.to_json().map_err(|error| RecordError::new(error.to_string()))?;
        let mut tell = TELL.key(self.keys.condition(integration_id));
        tell.key(self.keys.notices()).arg(before.map_or("", IntegrationState::code));
        tell.arg(state.code()).arg(notice).arg(millis(lately));
        let told: u8 = self.store.run(&tell).await?;
        Ok(told == 1)
    }

    /// Records whose credentials are rejected and whose are not; answers since when they are, by
    /// integration.
    pub(crate) async fn rejections(
        &self,
        rejected: &[&str],
        accepted: &[&str],
    ) -> Result<HashMap<String, DateTime<Utc>>, StoreError> {
        let mut rejections = REJECTIONS.key(self.keys.rejected_since());
        rejections.arg(rejected.len()).arg(rejected).arg(accepted);
        let since: HashMap<String, i64> = self.store.run(&rejections).await?;
        let time = |(id, since)| Some((id, DateTime::from_timestamp_millis(since)?));
        Ok(since.into_iter().filter_map(time).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::testing::redis as store;
    use events::{IntegrationAttention, OutboundData};
    use uuid::Uuid;

    const HOUR: Duration = Duration::from_secs(3600);

    fn notice(state: IntegrationState) -> Outbound {
        Outbound {
            id: Uuid::new_v4(),
            time: Utc::now(),
            traceparent: None,
            rehearsal: false,
            data: OutboundData::IntegrationAttention(IntegrationAttention {
                integration_id: "acme".into(),
                state,
                detail: "it changed".into(),
                since: Utc::now(),
            }),
        }
    }

    #[tokio::test]
    async fn a_state_is_told_once_by_one_of_two_workers() {
        let (store, prefix) = store();
        let conditions = || Conditions::new(Arc::clone(&store), Keys::new(prefix.clone()));
        let (one, two) = (conditions(), conditions());
        let rejected = IntegrationState::CredentialsRejected;
        let first = one.see("acme", rejected, HOUR).await.unwrap();
        assert_eq!((first.told, first.changes, first.seen_for), (None, 0, Duration::ZERO));
        let tell = async |conditions: &Conditions, before, state| {
            conditions.tell("acme", before, state, &notice(state), HOUR).await.unwrap()
        };
        assert!(tell(&one, None, rejected).await);
        // The reply may be lost, and another worker may have seen the same.
        assert!(!tell(&one, None, rejected).await && !tell(&two, None, rejected).await);
        assert!(!tell(&two, Some(rejected), IntegrationState::Ok).await, "it is not seen");
        let again = two.see("acme", rejected, HOUR).await.unwrap();
        assert_eq!((again.told, again.since, again.changes), (Some(rejected), first.since, 1));
        two.see("acme", IntegrationState::Ok, HOUR).await.unwrap();
        assert!(tell(&two, Some(rejected), IntegrationState::Ok).await);
        let notices: u8 = store.query(cmd("ZCARD").arg(one.keys.notices())).await.unwrap();
        assert_eq!(notices, 2);
        let seen = one.see("acme", IntegrationState::Ok, HOUR).await.unwrap();
        assert_eq!((seen.told, seen.changes), (Some(IntegrationState::Ok), 2));
        let seen = one.see("acme", IntegrationState::Ok, Duration::ZERO).await.unwrap();
        assert_eq!(seen.changes, 0, "of a time before");
    }

    #[tokio::test]
    async fn credentials_are_rejected_since_the_first_rejection() {
        let (store, prefix) = store();
        let conditions = Conditions::new(store, Keys::new(prefix));
        let first = conditions.rejections(&["a"], &["b"]).await.unwrap();
        assert_eq!(first.keys().collect::<Vec<_>>(), ["a"]);
        let both = conditions.rejections(&["a", "b"], &[]).await.unwrap();
        assert_eq!((both["a"], both.len()), (first["a"], 2));
        let one = conditions.rejections(&["b"], &["a"]).await.unwrap();
        assert_eq!(one.into_iter().collect::<Vec<_>>(), [("b".to_owned(), both["b"])]);
    }
}
