//! Parking: a message waits in a retry queue, and the broker returns it to its work queue.

use std::time::Duration;

use amqp_stream::REPAIRED_HEADER;
use events::names::{self, RetryQueue};

use crate::message::authentication::AUTHENTICATION_MAX;
use crate::message::header_fields::{integer, retain, set_integer};
use crate::message::header_size::{HEADERS_MAX, header_size};
use crate::message::origin::Origin;
use crate::message::{Message, ReceivedMessage, requeue};

/// The delays of the retry queues of open requests, the shortest first.
pub const RETRY_DELAYS: [Duration; 5] = {
    let [(_, a), (_, b), (_, c), (_, d), (_, e)] = names::OPEN_REQUEST_RETRIES;
    [a, b, c, d, e]
};

/// The room for headers that the broker adds on the way back: one record of `x-death`, repeated in up
/// to six headers. Bytes; names and values need less than 500.
const BROKERS_SHARE: usize = 1024;

/// The headers that are added, none of them long.
const OUR_HEADERS: [&str; 6] = [
    names::HEADER_DELIVERIES,
    names::HEADER_RECORD_FAILURES,
    names::HEADER_EXCHANGE,
    names::HEADER_ROUTING_KEY,
    names::HEADER_QUEUE,
    REPAIRED_HEADER,
];

impl Message {
    /// A message for a retry queue of its work queue: the one with the longest delay up to `wait`, or else
    /// the shortest. The message is unchanged, but for headers with its origin and its counts
    /// ([`ReceivedMessage::deliveries`], [`ReceivedMessage::record_failures`]), and without those that would
    /// send copies to other queues (`CC`). It may return before `wait` is over. Until it is confirmed, the
    /// original must not be acknowledged.
    ///
    /// Each stay in the work queue begins a new count of deliveries, and the broker does not read an
    /// earlier count. A parked message was not always handled first, because a limit may have been
    /// reached; therefore a header of postern carries the sum. Without it, a message that kills workers
    /// would return without any trace of that.
    ///
    /// Where all headers together are too large to be delivered again, the original ones are dropped:
    /// the broker would send them all the same, and the frame would end or block the connection.
    pub fn parked(message: &ReceivedMessage, wait: Duration) -> Self {
        parked(message, wait, message.record_failures())
    }

    /// The same, where a record in Redis that the message needs could not be used: its count is one more.
    pub fn parked_after_record_failure(message: &ReceivedMessage, wait: Duration) -> Self {
        parked(message, wait, message.record_failures().saturating_add(1))
    }
}

fn parked(message: &ReceivedMessage, wait: Duration, record_failures: u32) -> Message {
    let mut headers = requeue::headers(message, &message.queue);
    let ReceivedMessage { exchange, routing_key, queue, .. } = message;
    Origin { exchange, routing_key, queue }.record(&mut headers);
    let counts = [
        (names::HEADER_DELIVERIES, message.deliveries()),
        (names::HEADER_RECORD_FAILURES, record_failures),
    ];
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        set_integer(&mut headers, name, i64::from(count));
    }
    if header_size(&headers) + AUTHENTICATION_MAX + BROKERS_SHARE > HEADERS_MAX {
        let replays = headers.inner().get(names::HEADER_REPLAYS).and_then(integer);
        headers = retain(&headers, |name| OUR_HEADERS.contains(&name));
        set_integer(&mut headers, names::HEADER_REPLAYS, replays.unwrap_or(0));
    }
    // Workers receive from the two work queues only, so the other name is never needed.
    let retry_queue =
        retry_queue(queue, wait).map_or(names::OPEN_REQUEST_RETRIES[0].0, |it| it.name);
    requeue::to_queue(retry_queue, message, headers)
}

/// How long a message of that queue stays in the retry queue that is taken for this wait.
#[must_use]
pub fn retry_delay(work_queue: &str, wait: Duration) -> Duration {
    retry_queue(work_queue, wait).map_or(Duration::ZERO, |queue| queue.delay)
}

/// The retry queue for this wait. Only the two work queues have any.
fn retry_queue(work_queue: &str, wait: Duration) -> Option<RetryQueue> {
    let mut chosen = None;
    for queue in names::retry_queues().filter(|queue| queue.work_queue == work_queue) {
        if chosen.is_none() || queue.delay <= wait {
            chosen = Some(queue);
        }
    }
    chosen
}
