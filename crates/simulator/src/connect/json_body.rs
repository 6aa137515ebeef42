//! JSON bodies of PATCH, PUT and POST.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use crate::wire::{Refusal, media_type};

/// A JSON object that was sent as `application/json`.
pub(super) struct JsonBody(Map<String, Value>);

impl JsonBody {
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        if media_type(headers) != Some("application/json") {
            return Err(Refusal::UnsupportedMediaType);
        }
        serde_json::from_slice(body).map(Self).map_err(|_| Refusal::BadRequest)
    }

    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// The OTP. A missing, empty or null one has a refusal of its own.
    pub(super) fn otp(&self) -> Result<&str, Refusal> {
        match self.0.get("otp") {
            None | Some(Value::Null) => Err(Refusal::OtpMissing),
            Some(Value::String(otp)) if otp.is_empty() => Err(Refusal::OtpMissing),
            Some(Value::String(otp)) => Ok(otp),
            Some(_) => Err(Refusal::BadRequest),
        }
    }
}
