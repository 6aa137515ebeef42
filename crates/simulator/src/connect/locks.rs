//! `GET /sites/{id}/locks`.

use std::ops::Range;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::json;

use super::bearer::caller;
use super::lists::Query;
use super::refusal::Refusal;
use super::rights;
use crate::cloud::{Cloud, Live};
use crate::world::Lock;

pub(super) async fn list(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let now = cloud.clock.now();
    let live = cloud.live();
    let user = caller(&cloud, &live, &headers)?;
    let site = rights::site(&live, &user, &site)?;
    let query = Query::parse_unordered(&uri)?;
    let shown = |lock: &Lock| {
        let iq = live.iq(lock.iq_id);
        let online = iq.is_some_and(|iq| iq.online);
        json!({
            "id": lock.id,
            "customer_reference": lock.customer_reference,
            "online": online,
            "locked_state": locked_state(&live, lock, now),
            "battery_level": "fresh",
            "lock_type": "wall_reader",
            "privacy_mode": false,
            "iq": {
                "id": lock.iq_id,
                "customer_reference": iq.map(|iq| &iq.customer_reference),
                "is_online": online,
                "otp_enabled": true,
            },
        })
    };
    let items =
        |range: Range<usize>| site.locks.get(range).unwrap_or_default().iter().map(shown).collect();
    let form = live.world.settings.list_form;
    Ok(query.answer(form, (&headers, &uri), site.locks.len(), items))
}

fn locked_state(live: &Live, lock: &Lock, now: chrono::DateTime<chrono::Utc>) -> &'static str {
    let open_until = live.locks.get(&lock.id).and_then(|place| place.open_until);
    if open_until.is_some_and(|until| now < until) { "unlocked" } else { "locked" }
}
