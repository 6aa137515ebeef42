//! What was told last about the risk of each booking.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use chrono::{DateTime, Utc};
use deadpool_redis::redis::{Script, cmd};
use events::Outbound;

use super::{
    keys::Keys,
    store::{RecordError, Store, StoreError},
};

static TELL: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("risks_told/tell.lua")));

/// A change of what is told about a booking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RiskChange<'a> {
    pub(crate) integration_id: &'a str,
    pub(crate) booking_id: &'a str,
    /// What was told last; empty where nothing, or that there is no risk.
    pub(crate) before: &'a str,
    /// What is told now, in the same form.
    pub(crate) now: &'a str,
    /// The notice that tells it; none where the booking is over.
    pub(crate) notice: Option<&'a Outbound>,
    /// Until when it must be known.
    pub(crate) keep_until: DateTime<Utc>,
}

/// What was told, in Redis.
#[derive(Debug)]
pub(crate) struct RisksTold {
    store: Arc<Store>,
    keys: Keys,
}

impl RisksTold {
    pub(crate) fn new(store: Arc<Store>, keys: Keys) -> Self {
        Self { store, keys }
    }

    /// What was told about an integration's bookings that are at risk, by booking.
    pub(crate) async fn all(
        &self,
        integration_id: &str,
    ) -> Result<HashMap<String, String>, StoreError> {
        self.store.query(cmd("HGETALL").arg(self.keys.risks_told(integration_id))).await
    }

    /// Records a change with its notice; answers whether it was recorded. It is not, where another worker
    /// has told something meanwhile.
    pub(crate) async fn tell(&self, change: RiskChange<'_>) -> Result<bool, StoreError> {
        let notice = change.notice.map(Outbound::to_json).transpose();
        let notice = notice.map_err(|error| RecordError::new(error.to_string()))?;
        let mut tell = TELL.key(self.keys.risks_told(change.integration_id));
        tell.key(self.keys.notices());
        tell.arg(change.booking_id).arg(change.before).arg(change.now);
        tell.arg(notice.unwrap_or_default()).arg(change.keep_until.timestamp_millis());
        let told: u8 = self.store.run(&tell).await?;
        Ok(told == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::store::testing::redis as store;
    use chrono::TimeDelta;
    use events::{BookingAtRisk, OutboundData};
    use uuid::Uuid;

    fn notice() -> Outbound {
        Outbound {
            id: Uuid::new_v4(),
            time: Utc::now(),
            traceparent: None,
            rehearsal: false,
            data: OutboundData::BookingAtRisk(BookingAtRisk {
                integration_id: "acme".into(),
                booking_id: "B-1".into(),
                object_ids: vec!["room-12".into()],
                starts_at: Utc::now(),
                reasons: Vec::new(),
            }),
        }
    }

    #[tokio::test]
    async fn a_change_is_told_once_and_expires_with_its_booking() {
        let (store, prefix) = store();
        let risks = || RisksTold::new(Arc::clone(&store), Keys::new(prefix.clone()));
        let (one, two) = (risks(), risks());
        let tell = async |risks: &RisksTold, before: &str, now: &str| {
            let (notice, keep_until) = (notice(), Utc::now() + TimeDelta::hours(1));
            let change = RiskChange {
                integration_id: "acme",
                booking_id: "B-1",
                before,
                now,
                notice: Some(&notice),
                keep_until,
            };
            risks.tell(change).await.unwrap()
        };
        assert!(tell(&one, "", "offline").await);
        // The reply may be lost, and another worker may have judged at the same time.
        assert!(!tell(&one, "", "offline").await && !tell(&two, "", "offline").await);
        assert_eq!(two.all("acme").await.unwrap()["B-1"], "offline");
        assert!(tell(&two, "offline", "").await);
        assert!(!tell(&one, "offline", "").await);
        assert!(one.all("acme").await.unwrap().is_empty());
        let notices: u8 = store.query(cmd("ZCARD").arg(one.keys.notices())).await.unwrap();
        assert_eq!(notices, 2);

        tell(&one, "", "blocked").await;
        let left: i64 = store.query(cmd("PTTL").arg(one.keys.risks_told("acme"))).await.unwrap();
        assert!((3_500_000..=3_600_000).contains(&left), "{left}");
    }
}
