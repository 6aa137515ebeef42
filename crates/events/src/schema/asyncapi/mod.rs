//! The AsyncAPI 3 document: exchanges, queues, messages and operations, as postern sees them.

mod channels;
mod messages;
mod operations;

use serde_json::{Map, Value, json};

use self::channels::channels;
use self::messages::{
    PARKED_BOOKING, PARKED_REQUEST, dead_letter, key, message, parked_booking, parked_request,
};
use self::operations::operations;
use super::event;
use crate::names;

pub(super) fn document() -> serde_json::Result<Value> {
    let events = event::all()?;
    let mut messages: Map<String, Value> =
        events.iter().map(|event| (key(event.event_type), message(event))).collect();
    messages.insert("deadLetter".to_owned(), dead_letter());
    messages.insert(PARKED_REQUEST.to_owned(), parked_request());
    messages.insert(PARKED_BOOKING.to_owned(), parked_booking());
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "postern",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Opens Salto KS doors for bookings. Takes bookings and open requests \
                from the booking system and answers each request with exactly one terminal event: \
                `lock.opened.v1`, `lock.open-rejected.v1` or `lock.open-failed.v1`; an integration \
                that rehearses gets `rehearsal.lock.opened.v1` and so on, which report what would have \
                happened; no reader must act on them. Events are \
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
