//! The messages that travel, and their headers.

use serde_json::{Value, json};

use super::BINDING;
use crate::decode::error::DecodeCode;
use crate::names;
use crate::schema::event::EventSchema;

const DELIVERIES: &str = "How often it had been delivered and not settled before it was last \
    parked; left out where never.";

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
    let codes = [DecodeCode::Malformed, DecodeCode::UnknownType, DecodeCode::SchemaViolation]
        .map(DecodeCode::as_str)
        .join("`, `");
    json!({
        "name": "dead-letter",
        "title": "Dead letter",
        "summary": "A message postern could not use, or a request that failed: body and headers \
            as they came, and these headers beside them.",
        "headers": {
            "type": "object",
            "properties": {
                names::HEADER_REASON: text(&format!("Why, a code: `{codes}`, a reason of \
                    `lock.open-failed.v1`, and others.")),
                names::HEADER_DETAIL: text("Why, in words; never a value of the message."),
                names::HEADER_FAILED_AT: json!({
                    "type": "string",
                    "format": "date-time",
                    "description": "When.",
                }),
                names::HEADER_ATTEMPTS: count("How often it was tried."),
                names::HEADER_REPLAYS: count("How often it was replayed."),
                names::HEADER_DELIVERIES: count(DELIVERIES),
                names::HEADER_EXCHANGE: text("The exchange of the first arrival."),
                names::HEADER_ROUTING_KEY: text("The routing key of the first arrival."),
                names::HEADER_QUEUE: text("The queue of the first arrival."),
            },
        },
        "payload": { "description": "The body as it came, which may be anything." },
    })
}

/// A request on its way round; nobody but postern makes one.
pub(super) fn parked() -> Value {
    json!({
        "name": "parked-open-request",
        "title": "Parked open request",
        "summary": "A request that waits to be tried again: body and headers as they came, without \
            `CC` and the broker's own headers of earlier waits, and these headers beside them.",
        "contentType": names::CONTENT_TYPE,
        "headers": {
            "type": "object",
            "properties": {
                names::HEADER_DELIVERIES: count(DELIVERIES),
                names::HEADER_EXCHANGE: text("The exchange of the first arrival."),
                names::HEADER_ROUTING_KEY: text("The routing key of the first arrival."),
                names::HEADER_QUEUE: text("The queue of the first arrival."),
            },
        },
        "payload": { "$ref": format!("./{}.json", names::OPEN_REQUEST) },
    })
}
