//! Where a message first arrived, told in its headers once it goes round within postern.

use events::names;
use lapin::types::{AMQPValue, FieldTable, MAX_SHORT_STRING_LENGTH};

use crate::headers::set_text;

/// Tells where the message came from, where the headers do not yet.
pub(crate) fn tell(headers: &mut FieldTable, exchange: &str, routing_key: &str, queue: &str) {
    if !is_told(headers, queue) {
        set_text(headers, names::HEADER_EXCHANGE, exchange);
        set_text(headers, names::HEADER_ROUTING_KEY, routing_key);
        set_text(headers, names::HEADER_QUEUE, queue);
    }
}

/// Whether the headers already tell where the message first arrived in `queue`, because it was a
/// dead letter or parked before. Either way it came back to the same queue, so anything else was
/// not written by postern.
fn is_told(headers: &FieldTable, queue: &str) -> bool {
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
