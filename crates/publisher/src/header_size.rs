//! How much room headers take on the wire.

use lapin::types::{AMQPValue, FieldTable, ShortString};

use crate::broker_url::FRAME_MAX;

/// The most that headers may take, in bytes: they travel in one frame, together with the other
/// properties (short strings of at most 256 bytes each, hence the 2 KiB).
pub(crate) const HEADERS_MAX: usize = FRAME_MAX as usize - 2 * 1024;

/// The bytes that `table` takes on the wire, its own length included.
pub(crate) fn header_size(table: &FieldTable) -> usize {
    let entry = |(name, value)| short_size(name) + value_size(value);
    4 + table.into_iter().map(entry).sum::<usize>()
}

fn short_size(text: &ShortString) -> usize {
    1 + text.as_str().len()
}

/// A value with the byte that tells its type. Fixed-size values count as the longest of them.
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
