//! Requests to the control API are taken strictly: a misspelt member must not pass in silence.

use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::answer::json_answer;

/// An error answer: `{"error": "…"}`.
pub(super) struct ControlError {
    status: StatusCode,
    message: String,
}

impl ControlError {
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    pub(super) fn missing(what: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: format!("there is no such {what}") }
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        json_answer(self.status, &json!({"error": self.message}))
    }
}

/// The body as `T`; an empty one counts as `{}`.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ControlError::bad(error.to_string()))
}

/// The query as `T`, all of whose members are numbers.
pub(super) fn parse_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, ControlError> {
    let mut members = serde_json::Map::new();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        let number: u64 = value
            .parse()
            .map_err(|_| ControlError::bad(format!("{name} must be a whole number")))?;
        members.insert(name.into_owned(), number.into());
    }
    serde_json::from_value(Value::Object(members))
        .map_err(|error| ControlError::bad(error.to_string()))
}
