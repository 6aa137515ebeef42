//! OAuth error bodies (RFC 6749, 5.2).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::wire::json_answer;

pub(super) struct OAuthError {
    error: &'static str,
    description: &'static str,
    /// Whether the answer is 401 with `WWW-Authenticate`.
    challenge: bool,
}

impl OAuthError {
    pub(super) const fn invalid_request(description: &'static str) -> Self {
        Self { error: "invalid_request", description, challenge: false }
    }

    /// `challenge`: the client used HTTP Basic, so the answer is 401 (RFC 6749, 5.2).
    pub(super) const fn invalid_client(challenge: bool) -> Self {
        Self {
            error: "invalid_client",
            description: "the client is unknown or its secret is wrong",
            challenge,
        }
    }

    pub(super) const fn invalid_grant(description: &'static str) -> Self {
        Self { error: "invalid_grant", description, challenge: false }
    }

    pub(super) const fn invalid_scope() -> Self {
        let description = "scope is missing or has a value that the client may not request";
        Self { error: "invalid_scope", description, challenge: false }
    }

    pub(super) const fn unsupported_grant_type() -> Self {
        let description =
            "grant_type is not one of grant_types_supported in the discovery document";
        Self { error: "unsupported_grant_type", description, challenge: false }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let status =
            if self.challenge { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
        let body = json!({"error": self.error, "error_description": self.description});
        let mut response = json_answer(status, &body);
        if self.challenge {
            let value = HeaderValue::from_static("Basic realm=\"salto-simulator\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}
