//! Parking: a message waits in a retry queue and comes back by itself.

use std::time::Duration;

use events::names;

use crate::arrival::Arrival;
use crate::header_size::{HEADERS_MAX, header_size};
use crate::headers::{integer, retain, set_integer};
use crate::message::Message;
use crate::{direct, first_arrival};

/// How long the retry queues hold a message, the shortest first.
pub const RETRY_DELAYS: [Duration; 5] = {
    let [(_, a), (_, b), (_, c), (_, d), (_, e)] = names::OPEN_REQUEST_RETRIES;
    [a, b, c, d, e]
};

/// Room for what the broker adds on the way back: one death, told in full and once more in up to
/// six headers. Bytes; names and values come to less than 500.
const BROKERS_SHARE: usize = 1024;

/// What this writes, none of it long.
const OUR_HEADERS: [&str; 4] = [
    names::HEADER_DELIVERIES,
    names::HEADER_EXCHANGE,
    names::HEADER_ROUTING_KEY,
    names::HEADER_QUEUE,
];

/// `arrival`, for the retry queue with the longest delay that is no longer than `wait`, or else
/// the shortest.
///
/// Each stay in the work queue begins its own count of deliveries, and the broker does not read
/// its count back in. What is parked was not always handled first (a limit may have stood in the
/// way), so the count goes along in a header of ours, as a sum: otherwise a message that kills
/// workers comes back free of suspicion each time.
///
/// Where all headers together are too large to be delivered again, the original ones stay behind:
/// the broker would send them all the same, and the frame would end or block the connection.
pub(crate) fn parked(arrival: &Arrival, wait: Duration) -> Message {
    let mut headers = direct::headers(arrival, names::OPEN_REQUESTS_QUEUE);
    let Arrival { exchange, routing_key, queue, .. } = arrival;
    first_arrival::tell(&mut headers, exchange, routing_key, queue);
    let deliveries = arrival.deliveries();
    if deliveries > 0 {
        set_integer(&mut headers, names::HEADER_DELIVERIES, i64::from(deliveries));
    }
    if header_size(&headers) + BROKERS_SHARE > HEADERS_MAX {
        let replays = headers.inner().get(names::HEADER_REPLAYS).and_then(integer);
        headers = retain(&headers, |name| OUR_HEADERS.contains(&name));
        set_integer(&mut headers, names::HEADER_REPLAYS, replays.unwrap_or(0));
    }
    direct::message(retry_queue(wait), arrival, headers)
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
