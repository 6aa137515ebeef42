//! `booking.status.v1`: a state of a booking.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::decode::content::Content;
use super::decode::envelope;
use super::decode::error::DecodeError;
use super::decode::members::Members;
use super::event::{Event, InboundData};
use crate::member_schema;
use crate::{limits, names, timestamp};

/// The newest state of a booking: its status, its objects and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BookingStatus {
    /// The customer's connection to Salto. At most 200 bytes.
    #[schemars(schema_with = "member_schema::integration_id")]
    pub integration_id: String,
    /// The booking. At most 256 bytes.
    #[schemars(schema_with = "member_schema::id")]
    pub booking_id: String,
    /// The booking system's own name for the booking's state; the configuration says which ones
    /// open doors. At most 256 bytes.
    #[schemars(schema_with = "member_schema::id")]
    pub status: String,
    /// The booked objects (products), each at most 256 bytes.
    #[schemars(schema_with = "member_schema::objects")]
    pub object_ids: Vec<String>,
    /// The beginning of the booking.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schemars(schema_with = "member_schema::time")]
    pub starts_at: DateTime<Utc>,
    /// The end of the booking; after `starts_at`, and at most 400 days ahead of the worker's clock.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schemars(schema_with = "member_schema::time")]
    pub ends_at: DateTime<Utc>,
    /// A number that grows with every change of the booking.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "member_schema::nullable_revision")]
    pub revision: Option<u64>,
}

impl InboundData for BookingStatus {
    const EVENT_TYPE: &str = names::BOOKING_STATUS;
    const ROUTING_KEY: &str = names::BOOKING_STATUS_KEY;

    fn integration_id(&self) -> &str {
        &self.integration_id
    }
}

/// Decodes a message of the queue [`names::BOOKING_STATUS_QUEUE`]; `now` is the worker's clock.
///
/// # Errors
///
/// [`DecodeError`], for every violation of the contract (`docs/contract.md`, Inbound).
pub fn decode_booking_status<'a>(
    message: impl Into<Content<'a>>,
    now: DateTime<Utc>,
) -> Result<Event<BookingStatus>, DecodeError> {
    envelope::decode(&message.into(), now, |data| read(data, now))
}

pub(super) fn read(data: &mut Members, now: DateTime<Utc>) -> Option<BookingStatus> {
    let integration_id = data.text("integration_id", 1..=limits::INTEGRATION_ID);
    let booking_id = data.text("booking_id", 1..=limits::ID);
    let status = data.text("status", 1..=limits::ID);
    let object_ids = data.texts("object_ids", 1..=limits::OBJECTS, 1..=limits::ID);
    let starts_at = data.time("starts_at");
    let ends_at = data.time("ends_at");
    let revision = data.optional_integer("revision", limits::REVISION);
    if starts_at.zip(ends_at).is_some_and(|(starts_at, ends_at)| ends_at <= starts_at) {
        return data.refuse("ends_at", "must be after `data.starts_at`");
    }
    let ahead = TimeDelta::from_std(limits::BOOKING_AHEAD).unwrap_or(TimeDelta::MAX);
    if ends_at.is_some_and(|ends_at| ends_at - now > ahead) {
        return data.refuse("ends_at", "is more than 400 days ahead of this worker's clock");
    }
    Some(BookingStatus {
        integration_id: integration_id?,
        booking_id: booking_id?,
        status: status?,
        object_ids: object_ids?,
        starts_at: starts_at?,
        ends_at: ends_at?,
        revision,
    })
}
