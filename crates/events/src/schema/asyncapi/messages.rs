//! The messages and their headers.

use serde_json::{Value, json};

use crate::schema::event::EventSchema;
use crate::{DeadLetterReason, OutboundType, names};

/// The version of the AMQP 0-9-1 bindings in this document.
pub(super) const BINDING: &str = "0.3.0";
/// The keys of parked messages among the messages.
pub(super) const PARKED_REQUEST: &str = "parkedOpenRequest";
pub(super) const PARKED_BOOKING: &str = "parkedBookingStatus";

const DELIVERIES: &str = "The number of deliveries without a settlement before it was last parked; \
    left out where it is 0.";

const RECORD_FAILURES: &str = "How often a record in Redis that the message needs could not be used; left out \
    where it is 0.";

const AUTHENTICATION: &str = "Proves to postern that it wrote the headers that it reads back: first arrival, \
    replays, deliveries, failures, answer. From a publisher these headers have no effect.";

/// `lock.open-request.v1` is `lockOpenRequest` in the document.
pub(super) fn key(event_type: &str) -> String {
    let mut key = String::new();
    for word in names::routing_key(event_type).split(['.', '-']) {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        if key.is_empty() {
            key.push_str(first);
        } else {
            key.push_str(&first.to_uppercase());
        }
        key.push_str(rest);
    }
    key
}

pub(super) fn message(event: &EventSchema) -> Value {
    json!({
        "name": event.event_type,
        "title": event.schema["title"],
        "summary": event.schema["description"],
        "contentType": names::CONTENT_TYPE,
        "payload": { "$ref": format!("./{}", event.file_name()) },
        "bindings": { "amqp": { "messageType": event.event_type, "bindingVersion": BINDING } },
        "examples": [{ "name": "example", "payload": event.example }],
    })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn count(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

pub(super) fn dead_letter() -> Value {
    let own = DeadLetterReason::ALL.iter().filter(|reason| !reason.is_failed_request());
    let own: Vec<_> = own.map(|reason| format!("`{reason}`")).collect();
    let reasons = format!(
        "The reason, a code: {}, or a reason of `{}`.",
        own.join(", "),
        OutboundType::OpenFailed
    );
    json!({
        "name": "dead-letter",
        "title": "Dead letter",
        "summary": "A message that postern could not handle, or a request that failed: body and headers \
            as they were received, with these headers added.",
        "headers": {
            "type": "object",
            "properties": {
                names::HEADER_REASON: text(&reasons),
                names::HEADER_DETAIL: text("An explanation of the reason; never a value of the message."),
                names::HEADER_FAILED_AT: json!({
                    "type": "string",
                    "format": "date-time",
                    "description": "The time of the failure.",
                }),
                names::HEADER_ATTEMPTS: count("The number of attempts."),
                names::HEADER_REPLAYS: count("The number of replays."),
                names::HEADER_DELIVERIES: count(DELIVERIES),
                names::HEADER_RECORD_FAILURES: count(RECORD_FAILURES),
                names::HEADER_EXCHANGE: text("The exchange of the first arrival."),
                names::HEADER_ROUTING_KEY: text("The routing key of the first arrival."),
                names::HEADER_QUEUE: text("The queue of the first arrival."),
                names::HEADER_ANSWER: text("Of a failed request: its answer, a CloudEvent in JSON."),
                names::HEADER_AUTHENTICATION: text(AUTHENTICATION),
            },
        },
        "payload": { "description": "The body as it was received; it may be anything." },
    })
}

/// A parked open request; only postern makes one.
pub(super) fn parked_request() -> Value {
    parked("parked-open-request", "Parked open request", names::OPEN_REQUEST)
}

/// A parked booking status; only postern makes one.
pub(super) fn parked_booking() -> Value {
    parked("parked-booking-status", "Parked booking status", names::BOOKING_STATUS)
}

fn parked(name: &str, title: &str, event_type: &str) -> Value {
    json!({
        "name": name,
        "title": title,
        "summary": "A message that waits for its next attempt: body and headers as they were received, without \
            `CC` and the broker's own headers of earlier waits, with these headers added.",
        "contentType": names::CONTENT_TYPE,
        "headers": {
            "type": "object",
            "properties": {
                names::HEADER_DELIVERIES: count(DELIVERIES),
                names::HEADER_RECORD_FAILURES: count(RECORD_FAILURES),
                names::HEADER_EXCHANGE: text("The exchange of the first arrival."),
                names::HEADER_ROUTING_KEY: text("The routing key of the first arrival."),
                names::HEADER_QUEUE: text("The queue of the first arrival."),
                names::HEADER_AUTHENTICATION: text(AUTHENTICATION),
            },
        },
        "payload": { "$ref": format!("./{event_type}.json") },
    })
}
