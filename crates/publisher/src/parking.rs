//! Parking: a message waits in a retry queue, and the broker returns it to its work queue.

use std::time::Duration;

use amqp_stream::REPAIRED_HEADER;
use events::names;

use crate::message::authentication::AUTHENTICATION_MAX;
use crate::message::header_fields::{integer, retain, set_integer};
use crate::message::header_size::{HEADERS_MAX, header_size};
use crate::message::origin::Origin;
use crate::message::{Message, ReceivedMessage, requeue};

/// The delays of the retry queues, the shortest first.
pub const RETRY_DELAYS: [Duration; 5] = {
    let [(_, a), (_, b), (_, c), (_, d), (_, e)] = names::OPEN_REQUEST_RETRIES;
    [a, b, c, d, e]
};

/// The room for headers that the broker adds on the way back: one record of `x-death`, repeated in up
/// to six headers. Bytes; names and values need less than 500.
const BROKERS_SHARE: usize = 1024;

/// The headers that are added, none of them long.
const OUR_HEADERS: [&str; 5] = [
    names::HEADER_DELIVERIES,
    names::HEADER_EXCHANGE,
    names::HEADER_ROUTING_KEY,
    names::HEADER_QUEUE,
    REPAIRED_HEADER,
];

impl Message {
    /// An open request for a retry queue: the one with the longest of the [`RETRY_DELAYS`] up to `wait`,
    /// or else the shortest. The message is unchanged, but for headers with its origin and its number of
    /// deliveries ([`ReceivedMessage::deliveries`]), and without those that would send copies to other
    /// queues (`CC`). It may return before `wait` is over. Until it is confirmed, the original must not
    /// be acknowledged.
    ///
    /// Each stay in the work queue begins a new count of deliveries, and the broker does not read an
    /// earlier count. A parked message was not always handled first, because a limit may have been
    /// reached; therefore a header of postern carries the sum. Without it, a message that kills workers
    /// would return without any trace of that.
    ///
    /// Where all headers together are too large to be delivered again, the original ones are dropped:
    /// the broker would send them all the same, and the frame would end or block the connection.
    pub fn parked(message: &ReceivedMessage, wait: Duration) -> Self {
        let mut headers = requeue::headers(message, names::OPEN_REQUESTS_QUEUE);
        let ReceivedMessage { exchange, routing_key, queue, .. } = message;
        Origin { exchange, routing_key, queue }.record(&mut headers);
        let deliveries = message.deliveries();
        if deliveries > 0 {
            set_integer(&mut headers, names::HEADER_DELIVERIES, i64::from(deliveries));
        }
        if header_size(&headers) + AUTHENTICATION_MAX + BROKERS_SHARE > HEADERS_MAX {
            let replays = headers.inner().get(names::HEADER_REPLAYS).and_then(integer);
            headers = retain(&headers, |name| OUR_HEADERS.contains(&name));
            set_integer(&mut headers, names::HEADER_REPLAYS, replays.unwrap_or(0));
        }
        requeue::to_queue(retry_queue(wait), message, headers)
    }
}

fn retry_queue(wait: Duration) -> &'static str {
    let [(mut chosen, _), longer @ ..] = names::OPEN_REQUEST_RETRIES;
    for (queue, delay) in longer {
        if delay <= wait {
            chosen = queue;
        }
    }
    chosen
}
