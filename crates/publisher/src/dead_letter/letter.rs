//! Making a dead letter: the message as received, and the reason.

use amqp_stream::REPAIRED_HEADER;
use chrono::{DateTime, SecondsFormat, Utc};
use events::{DeadLetterReason, names};
use lapin::types::FieldTable;

use crate::message::authentication::AUTHENTICATION_MAX;
use crate::message::header_fields::{integer, retain, set_integer, set_text};
use crate::message::header_size::{HEADERS_MAX, header_size};
use crate::message::origin::Origin;
use crate::message::properties::safe_properties;
use crate::message::text::prefix;
use crate::message::{Message, ReceivedMessage, x_death};

/// The longest `postern-detail`. Bytes.
const DETAIL_MAX: usize = 1024;

/// The headers that are added. Only the answer may be long.
const OUR_HEADERS: [&str; 10] = [
    names::HEADER_REASON,
    names::HEADER_DETAIL,
    names::HEADER_FAILED_AT,
    names::HEADER_ATTEMPTS,
    names::HEADER_REPLAYS,
    names::HEADER_EXCHANGE,
    names::HEADER_ROUTING_KEY,
    names::HEADER_QUEUE,
    names::HEADER_ANSWER,
    REPAIRED_HEADER,
];

/// The information that makes a message a dead letter.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetter<'a> {
    /// The reason.
    pub reason: DeadLetterReason,
    /// An explanation of the reason, without secrets and personal data. It is cut off at 1 KiB.
    pub detail: &'a str,
    /// The number of attempts.
    pub attempts: u32,
    /// The recorded answer to the request, a CloudEvent in JSON: the dead letter keeps it, so that a
    /// replay gives the same answer whenever it comes. It is left out where it is longer than half of
    /// what headers may have.
    pub answer: Option<&'a str>,
}

impl Message {
    /// The dead letter of `original`: body and headers as received, the safe properties, and headers for
    /// the reason and the time.
    ///
    /// The body must have been read ([`ReceivedMessage::body_left_out`]).
    ///
    /// Headers of the broker (`x-death`, `x-delivery-count`, …) are kept, without the records of waits in
    /// retry queues, which were no failures. Only where all headers together are too large to be sent,
    /// the original ones are dropped, and `postern-detail` says so.
    pub fn dead_letter(
        original: &ReceivedMessage,
        letter: &DeadLetter<'_>,
        now: DateTime<Utc>,
    ) -> Self {
        let mut headers = original.properties.headers().clone().unwrap_or_default();
        let replays = headers.inner().get(names::HEADER_REPLAYS).and_then(integer);
        let ReceivedMessage { exchange, routing_key, queue, .. } = original;
        Origin { exchange, routing_key, queue }.record(&mut headers);
        x_death::remove_queues(&mut headers, names::is_retry_queue);
        // With all digits of the clock: the time distinguishes two dead letters with the same body.
        let failed_at = now.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        set_text(&mut headers, names::HEADER_REASON, letter.reason.code());
        set_text(&mut headers, names::HEADER_DETAIL, prefix(letter.detail, DETAIL_MAX));
        set_text(&mut headers, names::HEADER_FAILED_AT, &failed_at);
        set_integer(&mut headers, names::HEADER_ATTEMPTS, i64::from(letter.attempts));
        set_integer(&mut headers, names::HEADER_REPLAYS, replays.unwrap_or(0));
        if let Some(answer) = letter.answer.filter(|answer| answer.len() <= HEADERS_MAX / 2) {
            set_text(&mut headers, names::HEADER_ANSWER, answer);
        }
        if header_size(&headers) + AUTHENTICATION_MAX > HEADERS_MAX {
            headers = without_original(&headers, letter.detail);
        }

        Self {
            exchange: names::DEAD_LETTER_EXCHANGE.to_owned(),
            routing_key: letter.reason.routing_key(queue),
            body: original.body.clone(),
            properties: safe_properties(&original.properties).with_headers(headers),
        }
    }
}

/// The added headers alone, with a note in the detail.
fn without_original(headers: &FieldTable, detail: &str) -> FieldTable {
    let mut ours = retain(headers, |name| OUR_HEADERS.contains(&name));
    let detail = format!("(the original headers were too large to be kept) {detail}");
    set_text(&mut ours, names::HEADER_DETAIL, prefix(&detail, DETAIL_MAX));
    ours
}
