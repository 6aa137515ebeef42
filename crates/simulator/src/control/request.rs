//! Bodies and queries of requests. Unknown members are refused, so that a misspelt one is noticed.

use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::wire::json_answer;

/// An error answer: `{"error": "…"}`.
pub(crate) struct ControlError {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl ControlError {
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub(super) fn not_found(what: &str, id: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: format!("there is no {what} {id:?}") }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        json_answer(self.status, &json!({"error": self.message}))
    }
}

/// Reads the body as `T`. An empty body counts as `{}`.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ControlError::bad_request(error.to_string()))
}

/// Reads the query as `T`, whose members are all numbers.
pub(super) fn parse_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, ControlError> {
    let mut members = serde_json::Map::new();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        let number: u64 = value.parse().map_err(|_| {
            ControlError::bad_request(format!("{name} must be a whole number, not {value:?}"))
        })?;
        members.insert(name.into_owned(), number.into());
    }
    serde_json::from_value(Value::Object(members))
        .map_err(|error| ControlError::bad_request(error.to_string()))
}
