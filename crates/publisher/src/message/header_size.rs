//! The size of headers on the wire.

use lapin::types::{AMQPValue, FieldTable, ShortString};

use crate::connection::broker_url::FRAME_MAX;

/// The maximum size of headers, in bytes: they are sent in one frame, together with the other
/// properties. Those that are copied are eight short strings of at most 256 bytes each, and less than 64
/// bytes of numbers.
pub(crate) const HEADERS_MAX: usize = FRAME_MAX as usize - (8 * 256 + 64);

/// The size of `table` on the wire in bytes, its own length included.
pub(crate) fn header_size(table: &FieldTable) -> usize {
    let entry = |(name, value)| short_size(name) + value_size(value);
    4 + table.into_iter().map(entry).sum::<usize>()
}

fn short_size(text: &ShortString) -> usize {
    1 + text.as_str().len()
}

/// The size of a value with the byte of its type. Values of fixed size count as the longest of them.
fn value_size(value: &AMQPValue) -> usize {
    1 + match value {
        AMQPValue::LongString(text) => 4 + text.len(),
        AMQPValue::ShortString(text) => short_size(text),
        AMQPValue::ByteArray(bytes) => 4 + bytes.len(),
        AMQPValue::FieldArray(values) => {
            4 + values.as_slice().iter().map(value_size).sum::<usize>()
        }
        AMQPValue::FieldTable(table) => header_size(table),
        _ => 8,
    }
}
