//! The discovery document, with the members that the simulator serves.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::grant_type::GrantType;
use crate::wire::{base_url, json_answer};

pub(super) async fn discovery(headers: HeaderMap) -> Response {
    let issuer = base_url(&headers);
    json_answer(
        StatusCode::OK,
        &json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/connect/authorize"),
            "token_endpoint": format!("{issuer}/connect/token"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": GrantType::names(),
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["user_api.full_access", "offline_access", "digital_key"],
            "token_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post", "none"],
        }),
    )
}
