//! `GET /sites/{id}/iqs`.

use std::ops::Range;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::list_query::ListQuery;
use super::{caller, rights};
use crate::cloud::Cloud;
use crate::wire::Refusal;
use crate::world::Iq;

pub(super) async fn list(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let site = rights::site(&state, &user, &site)?;
    let query = ListQuery::parse_unordered(&headers, &uri)?;
    let items =
        |range: Range<usize>| site.iqs.get(range).unwrap_or_default().iter().map(iq_json).collect();
    Ok(query.answer(state.world.settings.list_form, site.iqs.len(), items))
}

fn iq_json(iq: &Iq) -> Value {
    json!({
        "id": iq.id,
        "customer_reference": iq.customer_reference,
        "online": iq.online,
        // The value that was measured; it is not about the connection.
        "state": "active",
        "otp_enabled": iq.otp_enabled,
        "restore_required": iq.restore_required,
        "time_zone": "Europe/Amsterdam",
        // This is the value in normal operation (docs/salto-ks.md, Connect API).
        "data_sync_state": "not_synced",
    })
}
