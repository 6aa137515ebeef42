//! `POST /control/tokens/revoke`: revokes tokens before they expire.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::request::{ControlError, parse};
use crate::cloud::Cloud;
use crate::wire::json_answer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeRequest {
    username: Option<String>,
    #[serde(default = "default_true")]
    access: bool,
    #[serde(default)]
    refresh: bool,
}

fn default_true() -> bool {
    true
}

pub(super) async fn revoke(
    State(cloud): State<Arc<Cloud>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let request: RevokeRequest = parse(&body)?;
    let mut state = cloud.state();
    let username = request.username.as_deref();
    if let Some(name) = username.filter(|name| state.account(name).is_none()) {
        return Err(ControlError::not_found("account", name));
    }
    let access = if request.access { state.tokens.revoke_access(username) } else { 0 };
    let refresh = if request.refresh { state.tokens.revoke_refresh(username) } else { 0 };
    Ok(json_answer(StatusCode::OK, &json!({"access": access, "refresh": refresh})))
}
