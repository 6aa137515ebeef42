//! The tracing span of a message: every log line inside carries the message's ids.
//!
//! A span is made once the message is decoded, with all its ids: adding them one by one formats the others
//! again each time. Its level is the highest, so that the lines of every log level carry the ids.

use events::{BookingStatus, Event, OpenRequest, trace_id};
use tracing::Span;

/// The span of an open request.
pub(crate) fn of_request(request: &Event<OpenRequest>) -> Span {
    tracing::error_span!(
        "message",
        queue = "open-requests",
        request_id = request.id,
        request_source = request.source,
        integration_id = request.data.integration_id,
        booking_id = request.data.booking_id,
        trace_id = request.traceparent.as_deref().and_then(trace_id),
    )
}

/// The span of a booking status.
pub(crate) fn of_booking_status(event: &Event<BookingStatus>) -> Span {
    tracing::error_span!(
        "message",
        queue = "booking-status",
        event_id = event.id,
        integration_id = event.data.integration_id,
        booking_id = event.data.booking_id,
        trace_id = event.traceparent.as_deref().and_then(trace_id),
    )
}
