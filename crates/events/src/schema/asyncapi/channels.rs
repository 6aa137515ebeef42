//! The channels: exchanges and queues.

use serde_json::{Map, Value, json};

use super::messages::{BINDING, PARKED_BOOKING, PARKED_REQUEST, key};
use crate::{OutboundType, names};

pub(super) fn channels() -> Value {
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
    for event_type in OutboundType::ALL {
        let rehearsal = names::routing_key(&event_type.rehearsal()).to_owned();
        let event_type = event_type.code();
        let address = format!("{}.{{integration_id}}", names::routing_key(event_type));
        let description = format!(
            "postern publishes here; bind a queue of your own. Where an integration rehearses, the \
            routing key is `{rehearsal}.{{integration_id}}`."
        );
        let mut channel =
            exchange(&address, names::OUTBOUND_EXCHANGE, &description, &key(event_type));
        channel["parameters"] = json!({
            "integration_id": {
                "description": "The integration of the event.",
                "location": "$message.payload#/data/integration_id",
            },
        });
        channels.insert(key(event_type), channel);
    }
    let mut dead_letter = exchange(
        "{queue}.{reason}",
        names::DEAD_LETTER_EXCHANGE,
        "postern publishes here what it cannot handle.",
        "deadLetter",
    );
    dead_letter["parameters"] = json!({
        "queue": { "description": "The queue of the message." },
        "reason": { "description": "The reason, as in the header `postern-reason`." },
    });
    channels.insert("deadLetter".to_owned(), dead_letter);
    for BoundQueue { channel, queue: name, exchange, binding, message } in QUEUES {
        let description =
            format!("Bound to the exchange `{exchange}` with `{binding}`. A quorum queue.");
        channels.insert(channel.to_owned(), queue(name, &description, message));
    }
    let requests = retry_queues(names::OPEN_REQUESTS_QUEUE, "Requests", PARKED_REQUEST);
    channels.insert("openRequestsRetry".to_owned(), requests);
    let bookings = retry_queues(names::BOOKING_STATUS_QUEUE, "Booking statuses", PARKED_BOOKING);
    channels.insert("bookingStatusRetry".to_owned(), bookings);
    Value::Object(channels)
}

/// A queue with its binding.
struct BoundQueue {
    /// The key of the channel.
    channel: &'static str,
    queue: &'static str,
    exchange: &'static str,
    binding: &'static str,
    /// The key of the message.
    message: &'static str,
}

const QUEUES: [BoundQueue; 3] = [
    BoundQueue {
        channel: "bookingStatusQueue",
        queue: names::BOOKING_STATUS_QUEUE,
        exchange: names::INBOUND_EXCHANGE,
        binding: names::BOOKING_STATUS_BINDING,
        message: "bookingStatus",
    },
    BoundQueue {
        channel: "openRequestsQueue",
        queue: names::OPEN_REQUESTS_QUEUE,
        exchange: names::INBOUND_EXCHANGE,
        binding: names::OPEN_REQUEST_BINDING,
        message: "lockOpenRequest",
    },
    BoundQueue {
        channel: "deadLettersQueue",
        queue: names::DEAD_LETTERS_QUEUE,
        exchange: names::DEAD_LETTER_EXCHANGE,
        binding: names::DEAD_LETTER_BINDING,
        message: "deadLetter",
    },
];

/// The retry queues of a work queue, which differ in the delay at the end of their name.
fn retry_queues(work_queue: &str, messages: &str, message: &str) -> Value {
    let queues = names::retry_queues().filter(|queue| queue.work_queue == work_queue);
    let queues: Vec<_> = queues.filter_map(|queue| queue.name.rsplit_once('.')).collect();
    let prefix = queues.first().map_or("", |(prefix, _)| prefix);
    let delays: Vec<&str> = queues.iter().map(|(_, delay)| *delay).collect();
    let description = format!(
        "{messages} wait here and return to `{work_queue}`. Quorum queues, reached through the default \
        exchange, for postern alone: no other program publishes or consumes here."
    );
    let mut channel = queue(&format!("{prefix}.{{delay}}"), &description, message);
    // The name would be that of a single queue.
    if let Some(queue) = channel.pointer_mut("/bindings/amqp/queue").and_then(Value::as_object_mut)
    {
        queue.remove("name");
    }
    channel["parameters"] =
        json!({ "delay": { "description": "The time for which they wait.", "enum": delays } });
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
