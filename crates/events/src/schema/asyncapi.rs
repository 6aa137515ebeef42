//! The AsyncAPI 3 document: where the events travel, as seen by postern.

use serde_json::{Map, Value, json};

use super::event::{self, EventSchema};
use crate::decode::error::DecodeCode;
use crate::names;

/// Version of the AMQP 0-9-1 bindings used here.
const BINDING: &str = "0.3.0";

pub(super) fn document() -> serde_json::Result<Value> {
    let events = event::all()?;
    let mut messages: Map<String, Value> =
        events.iter().map(|event| (key(event.event_type), message(event))).collect();
    messages.insert("deadLetter".to_owned(), dead_letter());
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "postern",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Opens Salto KS doors for bookings. Takes bookings and open requests \
                from the booking system and answers each request with exactly one terminal event: \
                `lock.opened.v1`, `lock.open-rejected.v1` or `lock.open-failed.v1`. Events are \
                CloudEvents 1.0 in JSON, structured mode. Members that are not described here are \
                ignored, and readers must ignore them too.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": names::CONTENT_TYPE,
        "servers": {
            "rabbitmq": {
                "host": "127.0.0.1:5672",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "RabbitMQ 3.10 to 4.x.",
            },
        },
        "channels": channels(),
        "operations": operations(),
        "components": { "messages": messages },
    }))
}

/// `lock.open-request.v1` is `lockOpenRequest` in the document.
fn key(event_type: &str) -> String {
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

fn message(event: &EventSchema) -> Value {
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

fn dead_letter() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let count =
        |description: &str| json!({ "type": "integer", "minimum": 0, "description": description });
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
                names::HEADER_EXCHANGE: text("The exchange of the first arrival."),
                names::HEADER_ROUTING_KEY: text("The routing key of the first arrival."),
                names::HEADER_QUEUE: text("The queue of the first arrival."),
            },
        },
        "payload": { "description": "The body as it came, which may be anything." },
    })
}

fn channels() -> Value {
    let mut channels = Map::new();
    for event_type in [names::BOOKING_STATUS, names::OPEN_REQUEST] {
        let address = names::routing_key(event_type);
        let description = format!(
            "The booking system publishes here. A suffix may follow the \
            routing key: `{address}.acme`."
        );
        let channel = exchange(address, names::INBOUND_EXCHANGE, &description, &key(event_type));
        channels.insert(key(event_type), channel);
    }
    for event_type in OUTBOUND {
        let address = format!("{}.{{integration_id}}", names::routing_key(event_type));
        let description = "postern publishes here; bind a queue of your own.";
        let mut channel =
            exchange(&address, names::OUTBOUND_EXCHANGE, description, &key(event_type));
        channel["parameters"] = json!({
            "integration_id": {
                "description": "Whose event it is.",
                "location": "$message.payload#/data/integration_id",
            },
        });
        channels.insert(key(event_type), channel);
    }
    let mut dead_letter = exchange(
        "{queue}.{reason}",
        names::DEAD_LETTER_EXCHANGE,
        "postern publishes here what it cannot use.",
        "deadLetter",
    );
    dead_letter["parameters"] = json!({
        "queue": { "description": "The queue it comes from." },
        "reason": { "description": "Why, the code of the header `postern-reason`." },
    });
    channels.insert("deadLetter".to_owned(), dead_letter);
    for (name, queue_name, exchange_name, binding, message) in QUEUES {
        let description =
            format!("Bound to the exchange `{exchange_name}` with `{binding}`. A quorum queue.");
        channels.insert(name.to_owned(), queue(queue_name, &description, message));
    }
    Value::Object(channels)
}

/// What postern publishes.
const OUTBOUND: [&str; 5] =
    [names::OPENED, names::CHECK_IN, names::OPEN_REJECTED, names::OPEN_FAILED, names::IQ_ATTENTION];

/// Channel, queue, exchange, binding key, message.
const QUEUES: [(&str, &str, &str, &str, &str); 3] = [
    (
        "bookingStatusQueue",
        names::BOOKING_STATUS_QUEUE,
        names::INBOUND_EXCHANGE,
        names::BOOKING_STATUS_BINDING,
        "bookingStatus",
    ),
    (
        "openRequestsQueue",
        names::OPEN_REQUESTS_QUEUE,
        names::INBOUND_EXCHANGE,
        names::OPEN_REQUEST_BINDING,
        "lockOpenRequest",
    ),
    (
        "deadLettersQueue",
        names::DEAD_LETTERS_QUEUE,
        names::DEAD_LETTER_EXCHANGE,
        names::DEAD_LETTER_BINDING,
        "deadLetter",
    ),
];

fn exchange(address: &str, exchange: &str, description: &str, message: &str) -> Value {
    json!({
        "address": address,
        "description": description,
        "messages": { message: { "$ref": format!("#/components/messages/{message}") } },
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": exchange,
                    "type": "topic",
                    "durable": true,
                    "autoDelete": false,
                },
                "bindingVersion": BINDING,
            },
        },
    })
}

fn queue(name: &str, description: &str, message: &str) -> Value {
    json!({
        "address": name,
        "description": description,
        "messages": { message: { "$ref": format!("#/components/messages/{message}") } },
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": { "name": name, "durable": true, "exclusive": false, "autoDelete": false },
                "bindingVersion": BINDING,
            },
        },
    })
}

fn operations() -> Value {
    let receive = |channel: &str, message: &str, summary: &str| {
        json!({
            "action": "receive",
            "summary": summary,
            "channel": { "$ref": format!("#/channels/{channel}") },
            "messages": [{ "$ref": format!("#/channels/{channel}/messages/{message}") }],
            "bindings": { "amqp": { "ack": true, "bindingVersion": BINDING } },
        })
    };
    let send = |message: &str, summary: &str| {
        json!({
            "action": "send",
            "summary": summary,
            "channel": { "$ref": format!("#/channels/{message}") },
            "messages": [{ "$ref": format!("#/channels/{message}/messages/{message}") }],
            "bindings": {
                "amqp": {
                    "deliveryMode": names::DELIVERY_MODE,
                    "mandatory": true,
                    "bindingVersion": BINDING,
                },
            },
        })
    };
    json!({
        "receiveBookingStatus":
            receive("bookingStatusQueue", "bookingStatus", "Remembers a booking's newest state."),
        "receiveOpenRequest":
            receive("openRequestsQueue", "lockOpenRequest", "Opens a door, or says why not."),
        "sendOpened": send("lockOpened", "The door opened."),
        "sendCheckIn": send("bookingCheckIn", "The booking's first opening."),
        "sendOpenRejected": send("lockOpenRejected", "The rules say no."),
        "sendOpenFailed": send("lockOpenFailed", "The door could not be opened."),
        "sendIqAttention": send("iqAttention", "An IQ's activation changed state."),
        "sendDeadLetter": send("deadLetter", "The message could not be used."),
    })
}
