//! `GET /sites` and `GET /sites/{id}`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::bearer::caller;
use super::lists::Query;
use super::refusal::Refusal;
use super::rights;
use crate::answer::json_answer;
use crate::cloud::Cloud;
use crate::world::Site;

pub(super) async fn list(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let live = cloud.live();
    let user = caller(&cloud, &live, &headers)?;
    let query = Query::parse_unordered(&uri)?;
    let theirs = live.world.sites.iter().filter(|site| rights::sees(&live, &user, site.id));
    let sites: Vec<Value> = theirs.map(shown).collect();
    let form = live.world.settings.list_form;
    Ok(query.answer(form, (&headers, &uri), sites.len(), |range| sites[range].to_vec()))
}

pub(super) async fn one(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let live = cloud.live();
    let user = caller(&cloud, &live, &headers)?;
    let site = rights::site(&live, &user, &site)?;
    Ok(json_answer(StatusCode::OK, &shown(site)))
}

fn shown(site: &Site) -> Value {
    json!({
        "id": site.id,
        "site_uid": site.site_uid,
        "customer_reference": site.customer_reference,
    })
}
