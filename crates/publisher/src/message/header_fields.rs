//! Reading and writing single headers.

use chrono::{DateTime, SecondsFormat};
use lapin::types::{AMQPValue, FieldTable};

/// The broker's header with the number of earlier deliveries from this queue.
pub(crate) const DELIVERY_COUNT: &str = "x-delivery-count";

/// The text of a header.
pub(crate) fn text(headers: &FieldTable, name: &str) -> Option<String> {
    match headers.inner().get(name)? {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        _ => None,
    }
}

/// The number of a header, of any integer type.
pub(crate) fn integer(value: &AMQPValue) -> Option<i64> {
    match value {
        AMQPValue::ShortShortInt(number) => Some(i64::from(*number)),
        AMQPValue::ShortShortUInt(number) => Some(i64::from(*number)),
        AMQPValue::ShortInt(number) => Some(i64::from(*number)),
        AMQPValue::ShortUInt(number) => Some(i64::from(*number)),
        AMQPValue::LongInt(number) => Some(i64::from(*number)),
        AMQPValue::LongUInt(number) => Some(i64::from(*number)),
        AMQPValue::LongLongInt(number) => Some(*number),
        _ => None,
    }
}

/// The value of an attribute of an event, in the text form of CloudEvents.
pub(crate) fn attribute_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        AMQPValue::Boolean(value) => Some(value.to_string()),
        AMQPValue::Timestamp(seconds) => {
            let time = DateTime::from_timestamp(i64::try_from(*seconds).ok()?, 0)?;
            Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
        }
        number => integer(number).map(|number| number.to_string()),
    }
}

/// Writes a text header.
pub(crate) fn set_text(headers: &mut FieldTable, name: &str, value: &str) {
    headers.insert(name.into(), AMQPValue::LongString(value.into()));
}

/// Writes a number header.
pub(crate) fn set_integer(headers: &mut FieldTable, name: &str, value: i64) {
    headers.insert(name.into(), AMQPValue::LongLongInt(value));
}

/// The headers for which `keep` is true.
pub(crate) fn retain(headers: &FieldTable, keep: impl Fn(&str) -> bool) -> FieldTable {
    let mut kept = FieldTable::default();
    for (name, value) in headers.inner().iter().filter(|(name, _)| keep(name.as_str())) {
        kept.insert(name.clone(), value.clone());
    }
    kept
}
