//! `booking.status.v1`: the newest state of a booking.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::decode::envelope;
use crate::decode::error::DecodeError;
use crate::decode::members::Members;
use crate::event::{Event, InboundData};
use crate::schema::values;
use crate::{limits, names, timestamp};

/// The newest state of a booking: who may open what, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BookingStatus {
    /// The customer's connection to Salto. At most 200 bytes.
    #[schemars(schema_with = "values::integration_id")]
    pub integration_id: String,
    /// The booking. At most 256 bytes.
    #[schemars(schema_with = "values::id")]
    pub booking_id: String,
    /// The booking system's own word for the booking's state; the configuration says which ones
    /// open doors. At most 256 bytes.
    #[schemars(schema_with = "values::id")]
    pub status: String,
    /// The objects (products) that are booked, each at most 256 bytes.
    #[schemars(schema_with = "values::objects")]
    pub object_ids: Vec<String>,
    /// Where the booking begins.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schemars(schema_with = "values::time")]
    pub starts_at: DateTime<Utc>,
    /// Where it ends; after `starts_at`.
    #[serde(serialize_with = "timestamp::serialize")]
    #[schemars(schema_with = "values::time")]
    pub ends_at: DateTime<Utc>,
    /// Grows with every change of the booking.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "values::nullable_revision")]
    pub revision: Option<u64>,
}

impl InboundData for BookingStatus {
    const EVENT_TYPE: &str = names::BOOKING_STATUS;
    const ROUTING_KEY: &str = names::BOOKING_STATUS_KEY;
}

/// Decodes a message of the queue [`names::BOOKING_STATUS_QUEUE`]; `now` is the worker's clock.
///
/// # Errors
///
/// [`DecodeError`], for everything that is not as the contract has it.
pub fn decode_booking_status(
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Event<BookingStatus>, DecodeError> {
    envelope::decode(body, now, read)
}

fn read(data: &mut Members) -> Result<BookingStatus, DecodeError> {
    let status = BookingStatus {
        integration_id: data.text("integration_id", 1..=limits::INTEGRATION_ID)?,
        booking_id: data.text("booking_id", 1..=limits::ID)?,
        status: data.text("status", 1..=limits::ID)?,
        object_ids: data.texts("object_ids", 1..=limits::OBJECTS, 1..=limits::ID)?,
        starts_at: data.time("starts_at")?,
        ends_at: data.time("ends_at")?,
        revision: data.optional_integer("revision", limits::REVISION)?,
    };
    if status.ends_at <= status.starts_at {
        return Err(data.refuse("ends_at", "must be after `data.starts_at`"));
    }
    Ok(status)
}
