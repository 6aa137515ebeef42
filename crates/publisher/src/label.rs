//! What a dead letter says of itself.

use chrono::{DateTime, Utc};
use events::names;
use lapin::types::FieldTable;

use crate::arrival::Arrival;
use crate::dead_letter::routing_key;
use crate::death::Death;
use crate::headers::{integer, text};
use crate::topology::DELIVERY_LIMIT_REASON;

/// The reason of a message that lies among the dead letters and says nothing of itself.
const UNKNOWN_REASON: &str = "unknown";

/// The queues that dead letters come from, and go back to.
const WORK_QUEUES: [&str; 2] = [names::BOOKING_STATUS_QUEUE, names::OPEN_REQUESTS_QUEUE];

/// What a dead letter says of itself: postern's own by its headers, the broker's own by `x-death`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Why, a code; [`DELIVERY_LIMIT_REASON`] for the broker's own.
    pub reason: String,
    /// Why, in words.
    pub detail: Option<String>,
    /// The queue it comes from, and goes back to.
    pub queue: Option<String>,
    /// When it failed.
    pub failed_at: Option<DateTime<Utc>>,
    /// How often it was tried.
    pub attempts: Option<i64>,
    /// How often it was replayed.
    pub replays: i64,
}

impl Label {
    /// Reads what is there. The headers may have been written by anybody.
    pub fn read(letter: &Arrival) -> Self {
        let nothing = FieldTable::default();
        let headers = letter.properties.headers().as_ref().unwrap_or(&nothing);
        let replays = headers.inner().get(names::HEADER_REPLAYS).and_then(integer);
        let replays = replays.unwrap_or(0).max(0);
        match of_broker(letter, headers) {
            Some(queue) => Self {
                reason: DELIVERY_LIMIT_REASON.to_owned(),
                detail: Some("delivered again and again, and never settled".to_owned()),
                failed_at: Death::latest(headers, queue).and_then(|death| death.time),
                queue: Some(queue.to_owned()),
                attempts: None,
                replays,
            },
            None => Self {
                reason: text(headers, names::HEADER_REASON)
                    .unwrap_or_else(|| UNKNOWN_REASON.to_owned()),
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
}

/// The work queue whose delivery limit made this a dead letter, if that is what it is. Headers of
/// postern's may be on it all the same, from an earlier failure: the routing key tells.
fn of_broker(letter: &Arrival, headers: &FieldTable) -> Option<&'static str> {
    WORK_QUEUES.into_iter().find(|queue| {
        if letter.exchange == names::DEAD_LETTER_EXCHANGE {
            letter.routing_key == routing_key(queue, DELIVERY_LIMIT_REASON)
        } else {
            // Moved here by hand: what nobody but the broker has labelled.
            !headers.contains_key(names::HEADER_REASON) && Death::latest(headers, queue).is_some()
        }
    })
}

/// The work queue that a dead letter goes back to.
pub(crate) fn work_queue(label: &Label) -> Option<&'static str> {
    WORK_QUEUES.into_iter().find(|queue| label.queue.as_deref() == Some(*queue))
}
