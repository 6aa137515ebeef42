//! The JSON bodies of PATCH, PUT and POST.

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use super::refusal::{Refusal, Verdict};

/// A JSON object sent as such.
pub(super) struct JsonBody(Map<String, Value>);

impl JsonBody {
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.and_then(|text| text.split(';').next()).map(str::trim);
        if media_type != Some("application/json") {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                1101,
                "Unsupported media type",
            ));
        }
        serde_json::from_slice(body).map(Self).map_err(|_| Verdict::BadRequest.into())
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A missing, empty or null OTP has an answer of its own. [M]
    pub(super) fn otp(&self) -> Result<&str, Verdict> {
        match self.0.get("otp") {
            None | Some(Value::Null) => Err(Verdict::OtpMissing),
            Some(Value::String(otp)) if otp.is_empty() => Err(Verdict::OtpMissing),
            Some(Value::String(otp)) => Ok(otp),
            Some(_) => Err(Verdict::BadRequest),
        }
    }
}
