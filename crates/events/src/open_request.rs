//! `lock.open-request.v1`: somebody stands at the door now.

use std::time::Duration;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::decode::envelope;
use crate::decode::error::DecodeError;
use crate::decode::members::Members;
use crate::event::{Event, InboundData};
use crate::schema::values;
use crate::{limits, names, timestamp};

/// The wish to open a door now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OpenRequest {
    /// The customer's connection to Salto. At most 200 bytes.
    #[schemars(schema_with = "values::integration_id")]
    pub integration_id: String,
    /// The booking that allows it. At most 256 bytes.
    #[schemars(schema_with = "values::id")]
    pub booking_id: String,
    /// Which of the booked objects; needed where the booking has several. At most 256 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "values::nullable_id")]
    pub object_id: Option<String>,
    /// When it is too late to open. Default: `time` plus the worker's `opening.request_ttl`. Cut
    /// off at 10 minutes after `time`.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "timestamp::optional::serialize"
    )]
    #[schemars(schema_with = "values::nullable_time")]
    pub expires_at: Option<DateTime<Utc>>,
    /// An opaque reference to whoever asks, no personal data; repeated in the answer and in the
    /// audit. At most 256 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "values::nullable_reference")]
    pub requested_by: Option<String>,
}

impl InboundData for OpenRequest {
    const EVENT_TYPE: &str = names::OPEN_REQUEST;
    const ROUTING_KEY: &str = names::OPEN_REQUEST_KEY;
}

impl Event<OpenRequest> {
    /// When the request ends: what it asks for, or `request_ttl` after its time, and never later
    /// than 10 minutes after its time.
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
/// [`DecodeError`], for everything that is not as the contract has it.
pub fn decode_open_request(
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Event<OpenRequest>, DecodeError> {
    envelope::decode(body, now, read)
}

fn read(data: &mut Members) -> Result<OpenRequest, DecodeError> {
    Ok(OpenRequest {
        integration_id: data.text("integration_id", 1..=limits::INTEGRATION_ID)?,
        booking_id: data.text("booking_id", 1..=limits::ID)?,
        object_id: data.optional_text("object_id", 1..=limits::ID)?,
        expires_at: data.optional_time("expires_at")?,
        requested_by: data.optional_text("requested_by", 0..=limits::ID)?,
    })
}
