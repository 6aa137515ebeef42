//! Dead letters: the message as it came, and why it is one.

use chrono::{DateTime, SecondsFormat, Utc};
use events::names;
use lapin::types::FieldTable;

use crate::arrival::Arrival;
use crate::header_size::{HEADERS_MAX, header_size};
use crate::headers::{integer, retain, set_integer, set_text};
use crate::message::{Message, prefix};
use crate::properties::harmless;
use crate::{death, first_arrival};

/// The longest `postern-detail`. Bytes.
const DETAIL_MAX: usize = 1024;

/// What this writes, none of it long.
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

/// The dead letter of `original`: body and headers untouched, and of the properties those that
/// cannot harm it.
///
/// Headers of the broker itself (`x-death`, `x-delivery-count`, …) go along as they are, but for
/// what they say of waits in our retry queues, which were no deaths. Only where all headers together are too large to be sent, the original ones stay behind and
/// `postern-detail` says so.
pub(crate) fn dead_letter(original: &Arrival, why: &DeadLetter<'_>, now: DateTime<Utc>) -> Message {
    let mut headers = original.properties.headers().clone().unwrap_or_default();
    let replays = headers.inner().get(names::HEADER_REPLAYS).and_then(integer);
    first_arrival::tell(&mut headers, &original.exchange, &original.routing_key, &original.queue);
    death::forget(&mut headers, names::is_retry_queue);
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

/// Our own headers alone, which say so.
fn without_original(headers: &FieldTable, detail: &str) -> FieldTable {
    let mut ours = retain(headers, |name| OUR_HEADERS.contains(&name));
    let detail = format!("(the original headers were too large to be kept) {detail}");
    set_text(&mut ours, names::HEADER_DETAIL, prefix(&detail, DETAIL_MAX));
    ours
}
