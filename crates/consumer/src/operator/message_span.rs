//! The tracing span of a message: every log line inside carries the message's ids.

use events::{BookingStatus, Event, OpenRequest, trace_id};
use tracing::{Span, field::Empty};

/// The span of a message from that queue. Its ids are added when it is decoded. Its level is the highest, so
/// that the lines of every log level carry the ids.
pub(crate) fn new(queue: &'static str) -> Span {
    tracing::error_span!(
        "message",
        queue,
        request_id = Empty,
        request_source = Empty,
        event_id = Empty,
        integration_id = Empty,
        booking_id = Empty,
        trace_id = Empty,
    )
}

/// Adds the ids of an open request to the current span.
pub(crate) fn record_request(request: &Event<OpenRequest>) {
    let span = Span::current();
    span.record("request_id", request.id.as_str());
    span.record("request_source", request.source.as_str());
    span.record("integration_id", request.data.integration_id.as_str());
    span.record("booking_id", request.data.booking_id.as_str());
    record_trace(&span, request.traceparent.as_deref());
}

/// Adds the ids of a booking status to the current span.
pub(crate) fn record_booking_status(event: &Event<BookingStatus>) {
    let span = Span::current();
    span.record("event_id", event.id.as_str());
    span.record("integration_id", event.data.integration_id.as_str());
    span.record("booking_id", event.data.booking_id.as_str());
    record_trace(&span, event.traceparent.as_deref());
}

fn record_trace(span: &Span, traceparent: Option<&str>) {
    if let Some(trace_id) = traceparent.and_then(trace_id) {
        span.record("trace_id", trace_id);
    }
}
