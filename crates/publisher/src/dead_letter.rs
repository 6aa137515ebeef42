//! Dead letters: the message as it came, and why it is one.

use chrono::{DateTime, SecondsFormat, Utc};
use events::names;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, MAX_SHORT_STRING_LENGTH};

use crate::arrival::Arrival;
use crate::header_size::{HEADERS_MAX, header_size};
use crate::message::{Message, prefix};

/// The longest `postern-detail`. Bytes.
const DETAIL_MAX: usize = 1024;

const OUR_HEADERS: [&str; 8] = [
    names::HEADER_REASON,
    names::HEADER_DETAIL,
    names::HEADER_FAILED_AT,
    names::HEADER_ATTEMPTS,
    names::HEADER_REPLAYS,
    names::HEADER_EXCHANGE,
    names::HEADER_ROUTING_KEY,
    names::HEADER_QUEUE,
];

/// Why a message is a dead letter.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetter<'a> {
    /// A code: `malformed`, `unknown_type`, `schema_violation`, `retries_exhausted`, a failed
    /// reason. Lower case, no dots: it is a word of the routing key.
    pub reason: &'a str,
    /// In words, without secrets and personal data. Cut off at 1 KiB.
    pub detail: &'a str,
    /// How often it was tried.
    pub attempts: u32,
}

/// The routing key of a dead letter: the queue it comes from, and the reason as the last word.
pub(crate) fn routing_key(queue: &str, reason: &str) -> String {
    format!("{queue}.{reason}")
}

/// The dead letter of `original`: body and headers untouched, and of the properties only those
/// that cannot harm it. A copied expiration would let it evaporate; a foreign user id makes the
/// broker refuse it.
///
/// Headers of the broker itself (`x-death`, `x-delivery-count`, …) go along as they are. Only where
/// all headers together are too large to be sent, the original ones stay behind and
/// `postern-detail` says so.
pub(crate) fn dead_letter(original: &Arrival, why: &DeadLetter<'_>, now: DateTime<Utc>) -> Message {
    let mut headers = original.properties.headers().clone().unwrap_or_default();
    let replays = headers.inner().get(names::HEADER_REPLAYS).and_then(integer);
    if !has_first_arrival(&headers, &original.queue) {
        set_text(&mut headers, names::HEADER_EXCHANGE, &original.exchange);
        set_text(&mut headers, names::HEADER_ROUTING_KEY, &original.routing_key);
        set_text(&mut headers, names::HEADER_QUEUE, &original.queue);
    }
    // As finely as the clock goes: it tells two dead letters with the same body apart.
    let failed_at = now.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    set_text(&mut headers, names::HEADER_REASON, why.reason);
    set_text(&mut headers, names::HEADER_DETAIL, prefix(why.detail, DETAIL_MAX));
    set_text(&mut headers, names::HEADER_FAILED_AT, &failed_at);
    set_integer(&mut headers, names::HEADER_ATTEMPTS, i64::from(why.attempts));
    set_integer(&mut headers, names::HEADER_REPLAYS, replays.unwrap_or(0));
    if header_size(&headers) > HEADERS_MAX {
        headers = without_original(&headers, why.detail);
    }

    Message {
        exchange: names::DEAD_LETTER_EXCHANGE.to_owned(),
        routing_key: routing_key(&original.queue, why.reason),
        body: original.body.clone(),
        properties: harmless(&original.properties).with_headers(headers),
    }
}

/// Our own headers alone.
fn without_original(headers: &FieldTable, detail: &str) -> FieldTable {
    let mut ours = FieldTable::default();
    for (name, value) in headers.inner() {
        if OUR_HEADERS.contains(&name.as_str()) {
            ours.insert(name.clone(), value.clone());
        }
    }
    let detail = format!("(the original headers were too large to be kept) {detail}");
    set_text(&mut ours, names::HEADER_DETAIL, prefix(&detail, DETAIL_MAX));
    ours
}

/// What is taken over besides the headers.
pub(crate) fn harmless(original: &BasicProperties) -> BasicProperties {
    let mut kept = BasicProperties::default();
    if let Some(content_type) = original.content_type() {
        kept = kept.with_content_type(content_type.clone());
    }
    if let Some(message_id) = original.message_id() {
        kept = kept.with_message_id(message_id.clone());
    }
    if let Some(correlation_id) = original.correlation_id() {
        kept = kept.with_correlation_id(correlation_id.clone());
    }
    if let Some(kind) = original.kind() {
        kept = kept.with_type(kind.clone());
    }
    if let Some(timestamp) = original.timestamp() {
        kept = kept.with_timestamp(*timestamp);
    }
    if let Some(app_id) = original.app_id() {
        kept = kept.with_app_id(app_id.clone());
    }
    kept
}

/// Whether the headers already tell where the message first arrived, because it was a dead letter
/// before. A replay goes to the queue it came from, so anything else was not written by postern.
fn has_first_arrival(headers: &FieldTable, queue: &str) -> bool {
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

/// A header's number, whatever width its writer chose.
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

pub(crate) fn set_text(headers: &mut FieldTable, name: &str, value: &str) {
    headers.insert(name.into(), AMQPValue::LongString(value.into()));
}

pub(crate) fn set_integer(headers: &mut FieldTable, name: &str, value: i64) {
    headers.insert(name.into(), AMQPValue::LongLongInt(value));
}
