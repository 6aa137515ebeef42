//! Names in RabbitMQ: exchanges, queues, binding keys and headers; and the constant members of events
//! (`docs/contract.md`, RabbitMQ).

use std::time::Duration;

/// Topic exchange to which the booking system publishes.
pub const INBOUND_EXCHANGE: &str = "postern.inbound";
/// Topic exchange to which postern publishes its events.
pub const OUTBOUND_EXCHANGE: &str = "postern.outbound";
/// Topic exchange of the messages that postern could not handle.
pub const DEAD_LETTER_EXCHANGE: &str = "postern.dead-letter";

/// How the names of all queues of postern begin.
pub const QUEUE_PREFIX: &str = "postern.";
/// Queue of `booking.status.v1`.
pub const BOOKING_STATUS_QUEUE: &str = "postern.booking-status";
/// Queue of `lock.open-request.v1`.
pub const OPEN_REQUESTS_QUEUE: &str = "postern.open-requests";
/// Queue of the dead letters of both.
pub const DEAD_LETTERS_QUEUE: &str = "postern.dead-letters";
/// The prefix of the names of retry queues, in which messages wait for their next attempt.
pub const RETRY_QUEUE_PREFIX: &str = "postern.retry.";
/// The retry queues of open requests with their delays, the shortest first. Each delay is four times
/// the one before, so that any wait up to the longest needs few stays.
pub const OPEN_REQUEST_RETRIES: [(&str, Duration); 5] = [
    ("postern.retry.open-requests.250ms", Duration::from_millis(250)),
    ("postern.retry.open-requests.1s", Duration::from_secs(1)),
    ("postern.retry.open-requests.4s", Duration::from_secs(4)),
    ("postern.retry.open-requests.16s", Duration::from_secs(16)),
    ("postern.retry.open-requests.64s", Duration::from_secs(64)),
];
/// The retry queues of booking statuses with their delays, the shortest first.
pub const BOOKING_STATUS_RETRIES: [(&str, Duration); 4] = [
    ("postern.retry.booking-status.1s", Duration::from_secs(1)),
    ("postern.retry.booking-status.4s", Duration::from_secs(4)),
    ("postern.retry.booking-status.16s", Duration::from_secs(16)),
    ("postern.retry.booking-status.64s", Duration::from_secs(64)),
];

/// A retry queue: a message waits in it for `delay`, and returns to `work_queue`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryQueue {
    /// Its name.
    pub name: &'static str,
    /// How long messages wait in it.
    pub delay: Duration,
    /// The queue to which they return.
    pub work_queue: &'static str,
}

/// All retry queues; those of one work queue together, the shortest delay first.
pub fn retry_queues() -> impl Iterator<Item = RetryQueue> {
    let of = |work_queue| move |(name, delay)| RetryQueue { name, delay, work_queue };
    let requests = OPEN_REQUEST_RETRIES.into_iter().map(of(OPEN_REQUESTS_QUEUE));
    requests.chain(BOOKING_STATUS_RETRIES.into_iter().map(of(BOOKING_STATUS_QUEUE)))
}

/// Routing key of `booking.status.v1`; a suffix (`booking.status.acme`) may follow.
pub const BOOKING_STATUS_KEY: &str = "booking.status";
/// Routing key of `lock.open-request.v1`; a suffix (`lock.open-request.acme`) may follow.
pub const OPEN_REQUEST_KEY: &str = "lock.open-request";
/// Binds [`BOOKING_STATUS_QUEUE`]. `#` is none or more words, so the key without a suffix matches.
pub const BOOKING_STATUS_BINDING: &str = "booking.status.#";
/// Binds [`OPEN_REQUESTS_QUEUE`], with or without a suffix.
pub const OPEN_REQUEST_BINDING: &str = "lock.open-request.#";
/// Binds [`DEAD_LETTERS_QUEUE`]: every dead letter, whatever its key.
pub const DEAD_LETTER_BINDING: &str = "#";

/// Type of a booking's state.
pub const BOOKING_STATUS: &str = "booking.status.v1";
/// Type of a request to open a door.
pub const OPEN_REQUEST: &str = "lock.open-request.v1";

/// `source` of everything postern publishes.
pub const SOURCE: &str = "/postern";
/// `specversion` of every event.
pub const SPEC_VERSION: &str = "1.0";
/// Content type of a message that holds a CloudEvent in structured mode.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";
/// `datacontenttype` of what postern publishes.
pub const DATA_CONTENT_TYPE: &str = "application/json";
/// AMQP delivery mode of every message: persistent.
pub const DELIVERY_MODE: u8 = 2;

/// Dead-letter header: the reason, a code ([`crate::DeadLetterReason`]).
pub const HEADER_REASON: &str = "postern-reason";
/// Dead-letter header: an explanation of the reason.
pub const HEADER_DETAIL: &str = "postern-detail";
/// Dead-letter header: the time of the failure, RFC 3339.
pub const HEADER_FAILED_AT: &str = "postern-failed-at";
/// Dead-letter header: the number of attempts, an integer.
pub const HEADER_ATTEMPTS: &str = "postern-attempts";
/// Dead-letter header: the number of replays, an integer.
pub const HEADER_REPLAYS: &str = "postern-replays";
/// Header of a parked message: the number of earlier deliveries that were not settled, over all its
/// stays in the queue, an integer.
pub const HEADER_DELIVERIES: &str = "postern-deliveries";
/// Header of a parked message: how often a record in Redis that it needs could not be used, an integer.
pub const HEADER_RECORD_FAILURES: &str = "postern-record-failures";
/// Header of dead letters and parked messages: the exchange of the first arrival.
pub const HEADER_EXCHANGE: &str = "postern-exchange";
/// Header of dead letters and parked messages: the routing key of the first arrival.
pub const HEADER_ROUTING_KEY: &str = "postern-routing-key";
/// Header of dead letters and parked messages: the queue of the first arrival.
pub const HEADER_QUEUE: &str = "postern-queue";

/// Header of dead letters of failed requests: the recorded answer, a CloudEvent in JSON.
pub const HEADER_ANSWER: &str = "postern-answer";

/// Header of dead letters, parked and replayed messages: authenticates those headers that postern reads
/// back. Anything may have written them without it.
pub const HEADER_AUTHENTICATION: &str = "postern-authentication";

/// Whether the queue of this name is a retry queue.
#[must_use]
pub fn is_retry_queue(queue: &str) -> bool {
    queue.starts_with(RETRY_QUEUE_PREFIX)
}

/// The routing key of an event type: the type without its `.v1`.
#[must_use]
pub fn routing_key(event_type: &str) -> &str {
    event_type.strip_suffix(".v1").unwrap_or(event_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_types_without_their_version() {
        assert_eq!(routing_key(BOOKING_STATUS), BOOKING_STATUS_KEY);
        assert_eq!(routing_key(OPEN_REQUEST), OPEN_REQUEST_KEY);
    }

    #[test]
    fn the_name_of_a_retry_queue_ends_with_its_delay() {
        for RetryQueue { name, delay, work_queue } in retry_queues() {
            let kind = work_queue.strip_prefix("postern.").unwrap();
            assert_eq!(name, format!("{RETRY_QUEUE_PREFIX}{kind}.{delay:?}"));
        }
    }
}
