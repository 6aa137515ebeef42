//! Names in RabbitMQ: exchanges, queues, binding keys, headers; and what every event says of itself.

use std::time::Duration;

/// Topic exchange the booking system publishes to.
pub const INBOUND_EXCHANGE: &str = "postern.inbound";
/// Topic exchange postern publishes its events to.
pub const OUTBOUND_EXCHANGE: &str = "postern.outbound";
/// Topic exchange of the messages postern could not use.
pub const DEAD_LETTER_EXCHANGE: &str = "postern.dead-letter";

/// Queue of `booking.status.v1`.
pub const BOOKING_STATUS_QUEUE: &str = "postern.booking-status";
/// Queue of `lock.open-request.v1`.
pub const OPEN_REQUESTS_QUEUE: &str = "postern.open-requests";
/// Queue of the dead letters of both.
pub const DEAD_LETTERS_QUEUE: &str = "postern.dead-letters";
/// How the names of the queues begin in which messages wait to be tried again.
pub const RETRY_QUEUE_PREFIX: &str = "postern.retry.";
/// The queues in which open requests wait, and for how long; the shortest wait first. Each wait is
/// four times the one before, so that any wait up to the longest takes few rounds.
pub const OPEN_REQUEST_RETRIES: [(&str, Duration); 5] = [
    ("postern.retry.open-requests.250ms", Duration::from_millis(250)),
    ("postern.retry.open-requests.1s", Duration::from_secs(1)),
    ("postern.retry.open-requests.4s", Duration::from_secs(4)),
    ("postern.retry.open-requests.16s", Duration::from_secs(16)),
    ("postern.retry.open-requests.64s", Duration::from_secs(64)),
];

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

/// Type of a booking's newest state.
pub const BOOKING_STATUS: &str = "booking.status.v1";
/// Type of a request to open a door.
pub const OPEN_REQUEST: &str = "lock.open-request.v1";
/// Type of an opened door.
pub const OPENED: &str = "lock.opened.v1";
/// Type of a booking's first opening.
pub const CHECK_IN: &str = "booking.check-in.v1";
/// Type of a no by the rules.
pub const OPEN_REJECTED: &str = "lock.open-rejected.v1";
/// Type of a door that could not be opened.
pub const OPEN_FAILED: &str = "lock.open-failed.v1";
/// Type of a change of an IQ's activation.
pub const IQ_ATTENTION: &str = "iq.attention.v1";

/// All types that postern publishes, rehearsals aside.
pub const OUTBOUND: [&str; 5] = [OPENED, CHECK_IN, OPEN_REJECTED, OPEN_FAILED, IQ_ATTENTION];
/// What the type begins with where an event only tells what would have happened.
pub const REHEARSAL: &str = "rehearsal.";

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

/// Dead-letter header: why, a code.
pub const HEADER_REASON: &str = "postern-reason";
/// Dead-letter header: why, in words.
pub const HEADER_DETAIL: &str = "postern-detail";
/// Dead-letter header: when, RFC 3339.
pub const HEADER_FAILED_AT: &str = "postern-failed-at";
/// Dead-letter header: how often it was tried, an integer.
pub const HEADER_ATTEMPTS: &str = "postern-attempts";
/// Dead-letter header: how often it was replayed, an integer.
pub const HEADER_REPLAYS: &str = "postern-replays";
/// Header of a parked message: how often it had been delivered before and not settled, over all its
/// stays in the queue, an integer.
pub const HEADER_DELIVERIES: &str = "postern-deliveries";
/// Header of dead letters and parked messages: the exchange of the first arrival.
pub const HEADER_EXCHANGE: &str = "postern-exchange";
/// Header of dead letters and parked messages: the routing key of the first arrival.
pub const HEADER_ROUTING_KEY: &str = "postern-routing-key";
/// Header of dead letters and parked messages: the queue of the first arrival.
pub const HEADER_QUEUE: &str = "postern-queue";

/// Whether messages wait in the queue of this name.
#[must_use]
pub fn is_retry_queue(queue: &str) -> bool {
    queue.starts_with(RETRY_QUEUE_PREFIX)
}

/// The type of an event's rehearsal.
#[must_use]
pub fn rehearsal(event_type: &str) -> String {
    format!("{REHEARSAL}{event_type}")
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
    fn the_name_of_a_retry_queue_says_how_long() {
        for (queue, delay) in OPEN_REQUEST_RETRIES {
            let kind = OPEN_REQUESTS_QUEUE.strip_prefix("postern.").unwrap();
            assert_eq!(queue, format!("{RETRY_QUEUE_PREFIX}{kind}.{delay:?}"));
        }
    }

    #[test]
    fn the_longest_routing_key_fits_amqp() {
        for event_type in OUTBOUND.map(rehearsal) {
            assert!(routing_key(&event_type).len() + 1 + crate::limits::INTEGRATION_ID <= 255);
        }
    }
}
