//! The discovery document: what of it this simulator serves.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use crate::answer::{base_url, json_answer};

pub(super) async fn discovery(headers: HeaderMap) -> Response {
    let issuer = base_url(&headers);
    json_answer(
        StatusCode::OK,
        &json!({
            "issuer": issuer,
            "token_endpoint": format!("{issuer}/connect/token"),
            "grant_types_supported": ["password", "refresh_token"],
            "scopes_supported": ["user_api.full_access", "offline_access"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }),
    )
}
