//! A received message published again, directly to a queue.

use events::names;
use lapin::types::FieldTable;

use super::header_fields::{DELIVERY_COUNT, retain};
use super::outgoing::Message;
use super::properties::safe_properties;
use super::received::ReceivedMessage;
use super::x_death;

/// The counts of the broker and of postern: a replay begins anew, and parking writes postern's own again.
const COUNTS: [&str; 3] = [DELIVERY_COUNT, names::HEADER_DELIVERIES, names::HEADER_RECORD_FAILURES];

/// Additional routing keys of the sender. They were meant for the exchange to which the message was
/// sent; the default exchange takes them as names of queues and puts a copy into each.
const ADDITIONAL_KEYS: [&str; 2] = ["CC", "BCC"];

/// The headers of `message` without those counts, additional routing keys and those records of
/// `x-death` that would harm it. `home` is the work queue to which it goes, now or after a wait.
pub(crate) fn headers(message: &ReceivedMessage, home: &str) -> FieldTable {
    let mut headers = match message.properties.headers() {
        Some(headers) => {
            retain(headers, |name| !COUNTS.contains(&name) && !ADDITIONAL_KEYS.contains(&name))
        }
        None => FieldTable::default(),
    };
    // A message that goes from a retry queue to a queue of which it has a record looks like a cycle to
    // RabbitMQ 3, which drops it without an error.
    x_death::remove_queues(&mut headers, |queue| queue == home || names::is_retry_queue(queue));
    x_death::remove_malformed(&mut headers);
    headers
}

/// `message` with these headers, for `queue` through the default exchange.
pub(crate) fn to_queue(queue: &str, message: &ReceivedMessage, headers: FieldTable) -> Message {
    Message {
        exchange: String::new(),
        routing_key: queue.to_owned(),
        body: message.body.clone(),
        properties: safe_properties(&message.properties).with_headers(headers),
    }
}
