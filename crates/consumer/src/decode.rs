//! Step 1: from bytes to an event, or to a dead letter.

use std::time::Duration;

use chrono::Utc;
use events::{BookingStatus, DecodeError, Event, OpenRequest};
use publisher::ReceivedMessage;

use crate::{failpoint, pursuit::Pursuit};

/// Reads an open request.
pub(crate) fn open_request(
    arrival: &ReceivedMessage,
    redelivered: bool,
    request_ttl: Duration,
) -> Result<Pursuit, DecodeError> {
    let request: Event<OpenRequest> = events::decode_open_request(&arrival.body, Utc::now())?;
    failpoint::reach_with("after-decode", &request.id);
    Ok(Pursuit::new(request, redelivered, request_ttl))
}

/// Reads a booking status.
pub(crate) fn booking_status(
    arrival: &ReceivedMessage,
) -> Result<Event<BookingStatus>, DecodeError> {
    events::decode_booking_status(&arrival.body, Utc::now())
}
