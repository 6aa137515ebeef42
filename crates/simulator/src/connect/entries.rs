//! `GET /v1.1/sites/{id}/entries`: the event log, in v1.1 only. [M]

use std::ops::Range;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use chrono::SecondsFormat;
use serde_json::{Value, json};
use uuid::Uuid;

use super::bearer::caller;
use super::lists::Query;
use super::refusal::{Refusal, Verdict};
use super::rights;
use crate::cloud::{Cloud, Entry};

pub(super) async fn list(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let live = cloud.live();
    let user = caller(&cloud, &live, &headers)?;
    let site = rights::site(&live, &user, &site)?;
    let query = Query::parse(&uri)?;
    let newest_first = newest_first(query.order_by.as_deref())?;
    let entries = live.records.entries.get(&site.id).map(Vec::as_slice).unwrap_or_default();
    let at = |index: usize| if newest_first { entries.len() - 1 - index } else { index };
    let items = |range: Range<usize>| range.map(|index| shown(&entries[at(index)])).collect();
    let form = live.world.settings.list_form;
    Ok(query.answer(form, (&headers, &uri), entries.len(), items))
}

fn newest_first(order_by: Option<&str>) -> Result<bool, Verdict> {
    match order_by {
        None | Some("utc_date_time desc") => Ok(true),
        Some("utc_date_time" | "utc_date_time asc") => Ok(false),
        Some(_) => Err(Verdict::BadRequest),
    }
}

fn shown(entry: &Entry) -> Value {
    json!({
        "event_category": entry.category,
        "access_by": "remote",
        "utc_date_time": entry.time.to_rfc3339_opts(SecondsFormat::Millis, true),
        "lock_id": entry.lock_id,
        "user_id": Uuid::new_v5(&Uuid::NAMESPACE_URL, entry.username.as_bytes()),
    })
}
