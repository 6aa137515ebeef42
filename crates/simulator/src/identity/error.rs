//! OAuth's error bodies (RFC 6749, 5.2). [M]

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::answer::json_answer;

pub(super) struct OAuthError {
    error: &'static str,
    description: &'static str,
    challenge: bool,
}

impl OAuthError {
    pub(super) const fn request(description: &'static str) -> Self {
        Self { error: "invalid_request", description, challenge: false }
    }

    /// `challenge`: the client tried HTTP Basic, so the answer is 401 (RFC 6749, 5.2).
    pub(super) const fn client(challenge: bool) -> Self {
        Self { error: "invalid_client", description: "unknown client or secret", challenge }
    }

    pub(super) const fn grant(description: &'static str) -> Self {
        Self { error: "invalid_grant", description, challenge: false }
    }

    pub(super) const fn scope() -> Self {
        let description = "the scope is missing or not this client's";
        Self { error: "invalid_scope", description, challenge: false }
    }

    pub(super) const fn grant_type() -> Self {
        let description =
            "access_code, authorization_code, password and refresh_token are served here";
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
