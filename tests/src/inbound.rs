//! The events of the booking system, as JSON that a test can change before publishing.

use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

/// The `source` of everything that the tests publish.
pub const SOURCE: &str = "/booking-system";

/// The integration of [`crate::setup::Setup`].
pub const INTEGRATION: &str = "acme-utrecht";

/// A time in RFC 3339, this number of seconds from now.
pub fn time(seconds: i64) -> String {
    (Utc::now() + TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A booking of `room-12` with this status and without a revision; it began an hour ago and ends in an hour.
pub fn booking_status(booking: &str, status: &str) -> Value {
    json!({
        "specversion": "1.0",
        "type": "booking.status.v1",
        "source": SOURCE,
        "id": uuid::Uuid::new_v4(),
        "time": time(0),
        "data": {
            "integration_id": INTEGRATION,
            "booking_id": booking,
            "status": status,
            "object_ids": ["room-12"],
            "starts_at": time(-3600),
            "ends_at": time(3600),
        },
    })
}

/// A request to open the booking's door now. `id` is the event's.
pub fn open_request(id: &str, booking: &str) -> Value {
    json!({
        "specversion": "1.0",
        "type": "lock.open-request.v1",
        "source": SOURCE,
        "id": id,
        "time": time(0),
        "data": {"integration_id": INTEGRATION, "booking_id": booking},
    })
}

/// The requests `r-0`, `r-1`, … for these bookings in turn.
pub fn requests_for(bookings: &[String], count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| open_request(&format!("r-{number}"), &bookings[number % bookings.len()]))
        .collect()
}
