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

/// Of the answer, only `id` is known (`docs/salto-ks.md`, Connect API).
pub(super) async fn account(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let body = json!({"id": caller::user_id(&user), "email": *user});
    Ok(json_answer(StatusCode::OK, &body))
}

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
        "roles": account.roles.iter().map(|code| role_json(code)).collect::<Vec<Value>>(),
        "remote_access": account.remote_access,
        "blocked": account.blocked,
        "override_privacy_mode": account.override_privacy_mode,
        "subscription_state": if account.suspended { "suspended" } else { "subscribed" },
    });
    Ok(json_answer(StatusCode::OK, &body))
}

fn role_json(code: &str) -> Value {
    json!({
        "id": Uuid::new_v5(&Uuid::NAMESPACE_URL, code.as_bytes()),
        "customer_reference": code.replace('_', " "),
        "code": code,
        "parent_id": null,
        "is_hierarchical": false,
    })
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
    // An IQ is in the list once its PIN was requested.
    let activation_json = |iq: &Iq| -> Option<Value> {
        let activation = iq.activated_for.iter().find(|activation| *activation.username == *user);
        let requested = iq.pin_requested_by.iter().any(|name| **name == *user);
        (requested || activation.is_some()).then(|| {
            json!({
                "iq_id": iq.id,
                "activated": activation.is_some(),
                "activation_date": activation.and_then(|activation| activation.since),
            })
        })
    };
    let items: Vec<Value> = site.iqs.iter().filter_map(activation_json).collect();
    let page = |range: Range<usize>| items.get(range).unwrap_or_default().to_vec();
    // This list is only known with `items` (docs/salto-ks.md, Connect API).
    Ok(query.answer(ListForm::Pages, items.len(), page))
}
