//! `GET /me`, `GET /sites/{id}/me` and `GET /me/{site}/activated_iqs`.

use std::ops::Range;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::list_query::ListQuery;
use super::{caller, rights};
use crate::cloud::Cloud;
use crate::wire::{Refusal, json_answer};
use crate::world::{Iq, ListForm};

pub(super) async fn at_site(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    rights::site(&state, &user, &site)?;
    let account = state.account(&user).ok_or(Refusal::UserNotFound)?;
    let body = json!({
        "roles": account.roles,
        "remote_access": account.remote_access,
        "blocked": account.blocked,
        "override_privacy_mode": account.override_privacy_mode,
        "subscription_state": "active",
    });
    Ok(json_answer(StatusCode::OK, &body))
}

pub(super) async fn own(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    Ok(json_answer(StatusCode::OK, &json!({"id": user_id(&user), "username": &*user})))
}

/// The id of a user, by which rows of the event log name it.
pub(super) fn user_id(username: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, username.as_bytes())
}

pub(super) async fn activated_iqs(
    State(cloud): State<Arc<Cloud>>,
    Path(site): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let site = rights::site(&state, &user, &site)?;
    let query = ListQuery::parse_unordered(&headers, &uri)?;
    let activation_json = |iq: &Iq| -> Value {
        let activation = iq.activated_for.iter().find(|activation| *activation.username == *user);
        json!({
            "iq_id": iq.id,
            "activated": activation.is_some(),
            "activation_date": activation.and_then(|activation| activation.since),
        })
    };
    let items = |range: Range<usize>| {
        site.iqs.get(range).unwrap_or_default().iter().map(activation_json).collect()
    };
    // This list is only known with `items` (docs/salto-ks.md, Connect API).
    Ok(query.answer(ListForm::Pages, site.iqs.len(), items))
}
