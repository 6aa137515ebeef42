//! Revoking tokens before their time.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::body::{ControlError, parse};
use crate::answer::json_answer;
use crate::cloud::Cloud;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeOrder {
    username: Option<String>,
    #[serde(default = "yes")]
    access: bool,
    #[serde(default)]
    refresh: bool,
}

fn yes() -> bool {
    true
}

pub(super) async fn revoke(
    State(cloud): State<Arc<Cloud>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let order: RevokeOrder = parse(&body)?;
    let username = order.username.as_deref();
    let mut live = cloud.live();
    if username.is_some_and(|name| live.account(name).is_none()) {
        return Err(ControlError::missing("account"));
    }
    let access = if order.access { live.tokens.revoke_access(username) } else { 0 };
    let refresh = if order.refresh { live.tokens.revoke_refresh(username) } else { 0 };
    Ok(json_answer(StatusCode::OK, &json!({"access": access, "refresh": refresh})))
}
