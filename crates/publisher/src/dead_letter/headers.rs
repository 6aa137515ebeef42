//! Reading the headers of a dead letter.

use chrono::{DateTime, Utc};
use events::{DeadLetterReason, RefusedMessage, names};
use lapin::types::FieldTable;

use crate::message::ReceivedMessage;
use crate::message::header_fields::{integer, text};
use crate::message::x_death::XDeathRecord;

/// The text for a dead letter without a reason.
const NO_REASON: &str = "unknown";

/// The queues from which dead letters come, and to which they are replayed.
const WORK_QUEUES: [&str; 2] = [names::BOOKING_STATUS_QUEUE, names::OPEN_REQUESTS_QUEUE];

/// The information in the headers of a dead letter: of one that postern made, in its own headers; of one
/// that the broker made, in `x-death`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterHeaders {
    /// The reason; for one that the broker made, [`DeadLetterReason::Expired`],
    /// [`DeadLetterReason::DeliveryLimit`], or malformed, where a worker rejected it because its body is too
    /// large.
    pub reason: RecordedReason,
    /// An explanation of the reason.
    pub detail: Option<String>,
    /// The queue of the message, to which it is replayed.
    pub queue: Option<String>,
    /// The time of the failure.
    pub failed_at: Option<DateTime<Utc>>,
    /// The number of attempts.
    pub attempts: Option<i64>,
    /// The number of replays.
    pub replays: i64,
}

/// The reason in the header of a dead letter, which any program may have written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedReason {
    /// A reason of postern.
    Known(DeadLetterReason),
    /// Any other text.
    Foreign(String),
    /// There is no such header.
    Missing,
}

impl RecordedReason {
    fn read(headers: &FieldTable) -> Self {
        match text(headers, names::HEADER_REASON) {
            None => Self::Missing,
            Some(text) => {
                DeadLetterReason::from_code(&text).map_or(Self::Foreign(text), Self::Known)
            }
        }
    }

    /// The reason as text; `unknown` where there is none.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(reason) => reason.code(),
            Self::Foreign(text) => text,
            Self::Missing => NO_REASON,
        }
    }
}

impl DeadLetterHeaders {
    /// Reads the headers, which any program may have written.
    pub fn read(letter: &ReceivedMessage) -> Self {
        let none = FieldTable::default();
        let headers = letter.properties.headers().as_ref().unwrap_or(&none);
        let replays = headers.inner().get(names::HEADER_REPLAYS).and_then(integer);
        let replays = replays.unwrap_or(0).max(0);
        match work_queue_of_broker(letter, headers) {
            Some(queue) => Self::of_broker(letter, headers, queue, replays),
            None => Self {
                reason: RecordedReason::read(headers),
                detail: text(headers, names::HEADER_DETAIL),
                queue: text(headers, names::HEADER_QUEUE),
                failed_at: text(headers, names::HEADER_FAILED_AT)
                    .and_then(|time| DateTime::parse_from_rfc3339(&time).ok())
                    .map(|time| time.to_utc()),
                attempts: headers.inner().get(names::HEADER_ATTEMPTS).and_then(integer),
                replays,
            },
        }
    }

    /// Reads the broker's record of its dead-lettering from this queue. The routing key does not tell the
    /// reason: it is the same for all.
    fn of_broker(
        letter: &ReceivedMessage,
        headers: &FieldTable,
        queue: &str,
        replays: i64,
    ) -> Self {
        let record = XDeathRecord::latest(headers, queue);
        let rejected = record.as_ref().is_some_and(XDeathRecord::is_rejection);
        let too_large = letter.body_left_out().filter(|_| rejected);
        let (reason, detail) = if let Some(bytes) = too_large {
            let RefusedMessage { reason, detail } = RefusedMessage::body_too_large(bytes);
            (reason, detail)
        } else if record.as_ref().is_some_and(XDeathRecord::is_expiry) {
            (DeadLetterReason::Expired, "expired in the queue".to_owned())
        } else {
            let detail = "delivered too often without being settled";
            (DeadLetterReason::DeliveryLimit, detail.to_owned())
        };
        Self {
            reason: RecordedReason::Known(reason),
            detail: Some(detail),
            failed_at: record.and_then(|record| record.time),
            queue: Some(queue.to_owned()),
            attempts: None,
            replays,
        }
    }

    /// The work queue to which the dead letter is replayed.
    pub(crate) fn work_queue(&self) -> Option<&'static str> {
        WORK_QUEUES.into_iter().find(|queue| self.queue.as_deref() == Some(*queue))
    }
}

/// The work queue from which the broker made this a dead letter, if it did. The routing key decides,
/// because headers of postern may be left from an earlier failure.
fn work_queue_of_broker(letter: &ReceivedMessage, headers: &FieldTable) -> Option<&'static str> {
    WORK_QUEUES.into_iter().find(|queue| {
        let recorded = XDeathRecord::latest(headers, queue).is_some();
        if letter.exchange == names::DEAD_LETTER_EXCHANGE {
            // Without the broker's record, postern has counted the deliveries and made the dead letter.
            letter.routing_key == DeadLetterReason::DeliveryLimit.routing_key(queue) && recorded
        } else {
            // It was moved here by hand, with no headers but the broker's.
            !headers.contains_key(names::HEADER_REASON) && recorded
        }
    })
}
