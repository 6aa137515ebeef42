//! `GET /sites/{id}/me` and `GET /me/{site}/activated_iqs`.

use std::ops::Range;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::bearer::caller;
use super::lists::Query;
use super::refusal::{Refusal, Verdict};
use super::rights;
use crate::answer::json_answer;
use crate::cloud::Cloud;
use crate::world::{Iq, ListForm};

pub(super) async fn at_site(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let live = cloud.live();
    let user = caller(&cloud, &live, &headers)?;
    rights::site(&live, &user, &site)?;
    let (_, account) = live.account(&user).ok_or(Verdict::NotFound)?;
    let body = json!({
        "roles": account.roles,
        "remote_access": account.remote_access,
        "blocked": account.blocked,
        "subscription_state": "active",
    });
    Ok(json_answer(StatusCode::OK, &body))
}

pub(super) async fn activated_iqs(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let live = cloud.live();
    let user = caller(&cloud, &live, &headers)?;
    let site = rights::site(&live, &user, &site)?;
    let query = Query::parse_unordered(&uri)?;
    let shown = |iq: &Iq| -> Value {
        let activation = iq.activated_for.iter().find(|one| *one.username == *user);
        json!({
            "iq_id": iq.id,
            "activated": activation.is_some(),
            "activation_date": activation.and_then(|one| one.since),
        })
    };
    let items =
        |range: Range<usize>| site.iqs.get(range).unwrap_or_default().iter().map(shown).collect();
    // Only ever seen with `items`. [M]
    Ok(query.answer(ListForm::Pages, (&headers, &uri), site.iqs.len(), items))
}
