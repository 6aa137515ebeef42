//! `lock.open-request.v1`: a guest asks for a door to be opened now.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::decode::content::Content;
use super::decode::envelope;
use super::decode::error::DecodeError;
use super::decode::members::Members;
use super::event::{Event, InboundData};
use crate::member_schema;
use crate::{limits, names, timestamp};

/// The request to open a door now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OpenRequest {
    /// The customer's connection to Salto. At most 200 bytes.
    #[schemars(schema_with = "member_schema::integration_id")]
    pub integration_id: String,
    /// The booking whose door is to open. At most 256 bytes.
    #[schemars(schema_with = "member_schema::id")]
    pub booking_id: String,
    /// The booked object whose door is to open; needed where the booking has several. At most 256
    /// bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "member_schema::nullable_id")]
    pub object_id: Option<String>,
    /// The first instant at which no door may open any more. Default: `time` plus the worker's
    /// `opening.request_ttl`. Cut off at 10 minutes after `time`.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "timestamp::optional::serialize"
    )]
    #[schemars(schema_with = "member_schema::nullable_time")]
    pub expires_at: Option<DateTime<Utc>>,
    /// An opaque reference to the person who asks, without personal data; repeated in the answer
    /// and in the audit. At most 256 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "member_schema::nullable_reference")]
    pub requested_by: Option<String>,
}

impl InboundData for OpenRequest {
    const EVENT_TYPE: &str = names::OPEN_REQUEST;
    const ROUTING_KEY: &str = names::OPEN_REQUEST_KEY;

    fn integration_id(&self) -> &str {
        &self.integration_id
    }
}

impl Event<OpenRequest> {
    /// The expiry of the request: the one that it names, or `request_ttl` after its time, and never
    /// later than 10 minutes after its time.
    #[must_use]
    pub fn expires_at(&self, request_ttl: Duration) -> DateTime<Utc> {
        let after = |lifetime: Duration| {
            let lifetime = lifetime.min(limits::REQUEST_LIFETIME);
            self.time.checked_add_signed(chrono::TimeDelta::from_std(lifetime).unwrap_or_default())
        };
        let latest = after(limits::REQUEST_LIFETIME).unwrap_or(DateTime::<Utc>::MAX_UTC);
        self.data.expires_at.or_else(|| after(request_ttl)).unwrap_or(latest).min(latest)
    }
}

/// Decodes a message of the queue [`names::OPEN_REQUESTS_QUEUE`]; `now` is the worker's clock.
///
/// # Errors
///
/// [`DecodeError`], for every violation of the contract (`docs/contract.md`, Inbound).
pub fn decode_open_request<'a>(
    message: impl Into<Content<'a>>,
    now: DateTime<Utc>,
) -> Result<Event<OpenRequest>, DecodeError> {
    envelope::decode(&message.into(), now, read)
}

pub(super) fn read(data: &mut Members) -> Option<OpenRequest> {
    let integration_id = data.text("integration_id", 1..=limits::INTEGRATION_ID);
    let booking_id = data.text("booking_id", 1..=limits::ID);
    let object_id = data.optional_text("object_id", 1..=limits::ID);
    let expires_at = data.optional_time("expires_at");
    let requested_by = data.optional_text("requested_by", 0..=limits::ID);
    Some(OpenRequest {
        integration_id: integration_id?,
        booking_id: booking_id?,
        object_id,
        expires_at,
        requested_by,
    })
}
