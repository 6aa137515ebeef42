//! The operations: what postern receives and sends.

use serde_json::{Map, Value, json};

use super::messages::{BINDING, PARKED_BOOKING, PARKED_REQUEST, key};
use crate::{OutboundType, names};

pub(super) fn operations() -> Value {
    let mut operations = Map::new();
    let mut insert = |name: &str, operation| operations.insert(name.to_owned(), operation);
    insert(
        "receiveBookingStatus",
        receive("bookingStatusQueue", "bookingStatus", "Stores a booking's newest state."),
    );
    insert(
        "receiveOpenRequest",
        receive("openRequestsQueue", "lockOpenRequest", "Opens a door, or answers why not."),
    );
    for event_type in OutboundType::ALL {
        let Operation { name, summary } = of_outbound(*event_type);
        let message = key(event_type.code());
        insert(name, send(&message, &message, summary));
    }
    insert(
        "sendParkedOpenRequest",
        send("openRequestsRetry", PARKED_REQUEST, "The request waits for its next attempt."),
    );
    insert(
        "sendParkedBookingStatus",
        send("bookingStatusRetry", PARKED_BOOKING, "The status waits until it can be stored."),
    );
    insert("sendDeadLetter", send("deadLetter", "deadLetter", "The message could not be handled."));
    Value::Object(operations)
}

struct Operation {
    name: &'static str,
    summary: &'static str,
}

/// The operation that publishes an outbound type.
const fn of_outbound(event_type: OutboundType) -> Operation {
    match event_type {
        OutboundType::Opened => Operation { name: "sendOpened", summary: "The door opened." },
        OutboundType::CheckIn => {
            Operation { name: "sendCheckIn", summary: "The booking's first opening." }
        }
        OutboundType::OpenRejected => {
            Operation { name: "sendOpenRejected", summary: "The rules say no." }
        }
        OutboundType::OpenFailed => {
            Operation { name: "sendOpenFailed", summary: "The door could not be opened." }
        }
        OutboundType::OpenConfirmed => Operation {
            name: "sendOpenConfirmed",
            summary: "Salto's own record shows the opening.",
        },
        OutboundType::IqAttention => {
            Operation { name: "sendIqAttention", summary: "An IQ's activation changed state." }
        }
        OutboundType::IntegrationAttention => Operation {
            name: "sendIntegrationAttention",
            summary: "Something that all doors of an integration depend on changed.",
        },
        OutboundType::BookingAtRisk => Operation {
            name: "sendBookingAtRisk",
            summary: "A booking begins soon, and a door of it could not be opened now.",
        },
    }
}

fn receive(channel: &str, message: &str, summary: &str) -> Value {
    json!({
        "action": "receive",
        "summary": summary,
        "channel": { "$ref": format!("#/channels/{channel}") },
        "messages": [{ "$ref": format!("#/channels/{channel}/messages/{message}") }],
        "bindings": { "amqp": { "ack": true, "bindingVersion": BINDING } },
    })
}

fn send(channel: &str, message: &str, summary: &str) -> Value {
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
}
