//! `GET /sites/{id}/iqs`.

use std::ops::Range;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::bearer::caller;
use super::lists::Query;
use super::refusal::Refusal;
use super::rights;
use crate::cloud::Cloud;
use crate::world::Iq;

pub(super) async fn list(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let live = cloud.live();
    let user = caller(&cloud, &live, &headers)?;
    let site = rights::site(&live, &user, &site)?;
    let query = Query::parse_unordered(&uri)?;
    let items =
        |range: Range<usize>| site.iqs.get(range).unwrap_or_default().iter().map(shown).collect();
    let form = live.world.settings.list_form;
    Ok(query.answer(form, (&headers, &uri), site.iqs.len(), items))
}

fn shown(iq: &Iq) -> Value {
    json!({
        "id": iq.id,
        "customer_reference": iq.customer_reference,
        "online": iq.online,
        "state": if iq.online { "online" } else { "offline" },
        "otp_enabled": true,
        "restore_required": iq.restore_required,
        "time_zone": "Europe/Amsterdam",
        // Reads so in normal working. [M]
        "data_sync_state": "not_synced",
    })
}
