//! A message sent once more, straight to a queue.

use events::names;
use lapin::types::FieldTable;

use crate::arrival::Arrival;
use crate::death;
use crate::headers::{DELIVERY_COUNT, retain};
use crate::message::Message;
use crate::properties::harmless;

/// What the broker and postern count per stay in a queue.
const DELIVERY_COUNTS: [&str; 2] = [DELIVERY_COUNT, names::HEADER_DELIVERIES];

/// Further routing keys of the sender's. They meant the exchange the message was sent to; the
/// default exchange takes them for names of queues and puts a copy into each.
const FURTHER_KEYS: [&str; 2] = ["CC", "BCC"];

/// The headers of `arrival`, but for what counts, routes or remembers a way that the message does
/// not go this time. `home` is the work queue that it goes to, now or after a wait.
pub(crate) fn headers(arrival: &Arrival, home: &str) -> FieldTable {
    let mut headers = match arrival.properties.headers() {
        Some(headers) => retain(headers, |name| {
            !DELIVERY_COUNTS.contains(&name) && !FURTHER_KEYS.contains(&name)
        }),
        None => FieldTable::default(),
    };
    // A message that comes out of a retry queue to a queue in which it has died before looks to
    // RabbitMQ 3 as if it went in a circle, and is dropped without a word.
    death::forget(&mut headers, |queue| queue == home || names::is_retry_queue(queue));
    death::forget_odd(&mut headers);
    headers
}

/// `arrival` with these headers, for `queue` by way of the default exchange.
pub(crate) fn message(queue: &str, arrival: &Arrival, headers: FieldTable) -> Message {
    Message {
        exchange: String::new(),
        routing_key: queue.to_owned(),
        body: arrival.body.clone(),
        properties: harmless(&arrival.properties).with_headers(headers),
    }
}
