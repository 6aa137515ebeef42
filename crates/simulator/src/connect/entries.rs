//! `GET /v1.1/sites/{id}/entries`: the event log, which exists in v1.1 only (`docs/salto-ks.md`,
//! Connect API).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::list_query::ListQuery;
use super::{caller, rights};
use crate::cloud::Cloud;
use crate::records::Entry;
use crate::wire::{Refusal, json_answer};

/// Rows of a page, where `$top` asks for no other number.
const PAGE_SIZE: usize = 20;
/// The largest page: a decision.
const MAX_PAGE_SIZE: usize = 1000;

pub(super) async fn list(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let site = rights::site(&state, &user, &site)?;
    let query = ListQuery::parse(&headers, &uri)?;
    let newest_first = newest_first(query.order_by.as_deref())?;
    let entries = state.records.entries.get(&site.id).map(Vec::as_slice).unwrap_or_default();
    let visible_to = Utc::now() - state.world.settings.entry_delay();
    // Rows are recorded in the order of their times.
    let visible = entries.partition_point(|entry| entry.recorded_at <= visible_to);
    let entries = &entries[..visible];
    let position = |index: usize| if newest_first { entries.len() - 1 - index } else { index };
    let shown = query.top.unwrap_or(PAGE_SIZE).min(MAX_PAGE_SIZE).min(entries.len());
    let items: Vec<Value> = (0..shown).map(|index| entry_json(&entries[position(index)])).collect();
    // How a token is passed on is not public, so this one leads nowhere.
    let more = (shown < entries.len()).then(|| Uuid::new_v4().simple().to_string());
    Ok(json_answer(StatusCode::OK, &json!({"items": items, "continuation_token": more})))
}

fn newest_first(order_by: Option<&str>) -> Result<bool, Refusal> {
    match order_by {
        None | Some("utc_date_time desc") => Ok(true),
        Some("utc_date_time" | "utc_date_time asc") => Ok(false),
        Some(_) => Err(Refusal::BadRequest),
    }
}

pub(super) fn entry_json(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "event_category": entry.category,
        "access_by": "remote",
        "utc_date_time": entry.time.to_rfc3339_opts(SecondsFormat::Secs, true),
        "lock_id": entry.lock_id,
        "iq_id": entry.iq_id,
        "user_id": caller::user_id(&entry.username),
    })
}
