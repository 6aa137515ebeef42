//! A booking, and which of two states of it is the newer one.

use chrono::{DateTime, Utc};

/// The newest known state of a booking, as far as opening doors needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The booking system's status, such as `confirmed`.
    pub status: String,
    /// What was booked; at least one object.
    pub object_ids: Vec<String>,
    /// Begin of the booked time.
    pub starts_at: DateTime<Utc>,
    /// End of the booked time; the booking does not open at this instant any more.
    pub ends_at: DateTime<Utc>,
}

/// Where a state of a booking stands in the order of the booking's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingVersion {
    /// Grows with every change of the booking, where the booking system counts.
    pub revision: Option<u64>,
    /// The event's `time`.
    pub time: DateTime<Utc>,
}

impl BookingVersion {
    /// Whether this state replaces `stored`: a revision beats none; then the higher revision;
    /// equal, the later time; equal, the one stored first stays.
    #[must_use]
    pub fn supersedes(&self, stored: &Self) -> bool {
        (self.revision, self.time) > (stored.revision, stored.time)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn version(revision: Option<u64>, seconds: i64) -> BookingVersion {
        BookingVersion { revision, time: DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds) }
    }

    #[test]
    fn a_revision_beats_none_however_old() {
        assert!(version(Some(0), 0).supersedes(&version(None, 1_000)));
        assert!(!version(None, 1_000).supersedes(&version(Some(0), 0)));
    }

    #[test]
    fn the_higher_revision_beats_the_later_time() {
        assert!(version(Some(2), 0).supersedes(&version(Some(1), 1_000)));
        assert!(!version(Some(1), 1_000).supersedes(&version(Some(2), 0)));
    }

    #[test]
    fn equal_revisions_go_by_time_and_then_the_first_stays() {
        assert!(version(Some(7), 2).supersedes(&version(Some(7), 1)));
        assert!(!version(Some(7), 1).supersedes(&version(Some(7), 1)));
        assert!(version(None, 2).supersedes(&version(None, 1)));
        assert!(!version(None, 1).supersedes(&version(None, 1)));
    }

    fn versions() -> impl Strategy<Value = BookingVersion> {
        (proptest::option::of(0u64..4), 0i64..4).prop_map(|(r, s)| version(r, s))
    }

    proptest! {
        /// Any order of arrival ends with the same newest version: what makes replicas agree.
        #[test]
        fn the_order_of_arrival_does_not_matter(mut events in prop::collection::vec(versions(), 1..8)) {
            let newest = |events: &[BookingVersion]| {
                events.iter().copied().reduce(|stored, event| {
                    if event.supersedes(&stored) { event } else { stored }
                })
            };
            let forwards = newest(&events);
            events.reverse();
            prop_assert_eq!(forwards, newest(&events));
        }
    }
}
