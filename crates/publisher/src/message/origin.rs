//! The origin of a message: exchange, routing key and queue of its first arrival, recorded in its
//! headers once postern publishes it again.

use events::names;
use lapin::types::{AMQPValue, FieldTable, MAX_SHORT_STRING_LENGTH};

use super::header_fields::set_text;

/// The exchange, routing key and queue of a message's first arrival.
pub(crate) struct Origin<'a> {
    pub(crate) exchange: &'a str,
    pub(crate) routing_key: &'a str,
    pub(crate) queue: &'a str,
}

impl Origin<'_> {
    /// Records the origin, unless the headers have one already.
    pub(crate) fn record(&self, headers: &mut FieldTable) {
        if !is_recorded(headers, self.queue) {
            set_text(headers, names::HEADER_EXCHANGE, self.exchange);
            set_text(headers, names::HEADER_ROUTING_KEY, self.routing_key);
            set_text(headers, names::HEADER_QUEUE, self.queue);
        }
    }
}

/// Whether the headers record an origin in `queue`, because the message was a dead letter or parked
/// before. In both cases it came back to the same queue: a record of another queue was not written by
/// postern.
fn is_recorded(headers: &FieldTable, queue: &str) -> bool {
    let text = |name| match headers.inner().get(name) {
        // Exchange, routing key and queue are never longer.
        Some(AMQPValue::LongString(value)) if value.len() <= MAX_SHORT_STRING_LENGTH => {
            Some(value.as_bytes())
        }
        _ => None,
    };
    text(names::HEADER_EXCHANGE).is_some()
        && text(names::HEADER_ROUTING_KEY).is_some()
        && text(names::HEADER_QUEUE) == Some(queue.as_bytes())
}
