//! `GET /sites` and `GET /sites/{id}`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::list_query::ListQuery;
use super::{caller, rights};
use crate::cloud::Cloud;
use crate::wire::{Refusal, json_answer};
use crate::world::Site;

pub(super) async fn list(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let query = ListQuery::parse_unordered(&headers, &uri)?;
    let visible = state.world.sites.iter().filter(|site| rights::may_see(&state, &user, site.id));
    let sites: Vec<Value> = visible.map(site_json).collect();
    Ok(query.answer(state.world.settings.list_form, sites.len(), |range| sites[range].to_vec()))
}

pub(super) async fn one(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let site = rights::site(&state, &user, &site)?;
    Ok(json_answer(StatusCode::OK, &site_json(site)))
}

fn site_json(site: &Site) -> Value {
    json!({
        "id": site.id,
        "site_uid": site.site_uid,
        "customer_reference": site.customer_reference,
    })
}
