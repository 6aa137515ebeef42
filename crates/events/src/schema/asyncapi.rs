//! The AsyncAPI 3 document: where the events travel, as seen by postern.

mod messages;

use serde_json::{Map, Value, json};

use self::messages::{dead_letter, key, message, parked};
use super::event;
use crate::names;

/// The key of a parked open request among the messages.
const PARKED: &str = "parkedOpenRequest";
/// Version of the AMQP 0-9-1 bindings used here.
const BINDING: &str = "0.3.0";

pub(super) fn document() -> serde_json::Result<Value> {
    let events = event::all()?;
    let mut messages: Map<String, Value> =
        events.iter().map(|event| (key(event.event_type), message(event))).collect();
    messages.insert("deadLetter".to_owned(), dead_letter());
    messages.insert(PARKED.to_owned(), parked());
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "postern",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Opens Salto KS doors for bookings. Takes bookings and open requests \
                from the booking system and answers each request with exactly one terminal event: \
                `lock.opened.v1`, `lock.open-rejected.v1` or `lock.open-failed.v1`; an integration \
                that rehearses gets `rehearsal.lock.opened.v1` and so on, which tell what would have \
                happened, and are for nobody to act on. Events are \
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
    for event_type in names::OUTBOUND {
        let address = format!("{}.{{integration_id}}", names::routing_key(event_type));
        let description = format!(
            "postern publishes here; bind a queue of your own. Where an integration rehearses, the \
            routing key is `{}`.",
            names::rehearsal(&address)
        );
        let mut channel =
            exchange(&address, names::OUTBOUND_EXCHANGE, &description, &key(event_type));
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
    channels.insert("openRequestsRetry".to_owned(), retry_queues());
    Value::Object(channels)
}

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

/// The retry queues of the open requests, which differ in a word of their name.
fn retry_queues() -> Value {
    let queues = names::OPEN_REQUEST_RETRIES.map(|(queue, _)| queue.rsplit_once('.'));
    let prefix = queues[0].map_or("", |(prefix, _)| prefix);
    let delays: Vec<&str> = queues.into_iter().flatten().map(|(_, delay)| delay).collect();
    let description = format!(
        "Requests wait here and go back to `{}`. Quorum queues, reached through the default \
        exchange, for postern alone: nobody else publishes or consumes here.",
        names::OPEN_REQUESTS_QUEUE
    );
    let mut channel = queue(&format!("{prefix}.{{delay}}"), &description, PARKED);
    // That would be the name of one of them.
    if let Some(queue) = channel.pointer_mut("/bindings/amqp/queue").and_then(Value::as_object_mut)
    {
        queue.remove("name");
    }
    channel["parameters"] =
        json!({ "delay": { "description": "How long they wait.", "enum": delays } });
    channel
}

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
    let send_to = |channel: &str, message: &str, summary: &str| {
        json!({
            "action": "send",
            "summary": summary,
            "channel": { "$ref": format!("#/channels/{channel}") },
            "messages": [{ "$ref": format!("#/channels/{channel}/messages/{message}") }],
            "bindings": {
                "amqp": {
                    "deliveryMode": names::DELIVERY_MODE,
                    "mandatory": true,
                    "bindingVersion": BINDING,
                },
            },
        })
    };
    let send = |message: &str, summary: &str| send_to(message, message, summary);
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
        "sendParkedOpenRequest":
            send_to("openRequestsRetry", PARKED, "The request waits for its next try."),
        "sendDeadLetter": send("deadLetter", "The message could not be used."),
    })
}
