//! `GET /sites/{id}/locks`.

use std::ops::Range;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::list_query::ListQuery;
use super::{caller, rights};
use crate::cloud::{Cloud, CloudState};
use crate::wire::Refusal;
use crate::world::Lock;

pub(super) async fn list(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let now = cloud.clock.now();
    let state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let site = rights::site(&state, &user, &site)?;
    let query = ListQuery::parse_unordered(&headers, &uri)?;
    let lock_json = |lock: &Lock| {
        let iq = lock.iq_id.and_then(|id| state.iq(id));
        let iq_json = iq.map(|iq| {
            json!({
                "id": iq.id,
                "customer_reference": iq.customer_reference,
                "is_online": iq.online,
                "otp_enabled": iq.otp_enabled,
            })
        });
        json!({
            "id": lock.id,
            "customer_reference": lock.customer_reference,
            "online": lock.online && iq.is_some_and(|iq| iq.online),
            "locked_state": locked_state(&state, lock, now),
            "battery_level": "fresh",
            "lock_type": "wall_reader",
            "privacy_mode": lock.privacy_mode,
            "iq": iq_json,
        })
    };
    let items = |range: Range<usize>| {
        site.locks.get(range).unwrap_or_default().iter().map(lock_json).collect()
    };
    Ok(query.answer(state.world.settings.list_form, site.locks.len(), items))
}

fn locked_state(state: &CloudState, lock: &Lock, now: DateTime<Utc>) -> &'static str {
    let open_until = state.locks.get(&lock.id).and_then(|lock| lock.open_until);
    if open_until.is_some_and(|until| now < until) { "unlocked" } else { "locked" }
}
