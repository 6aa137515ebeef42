//! A booking, and the order of its states.

use chrono::{DateTime, Utc};

/// A state of a booking, as far as opening doors needs it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Booking {
    /// The booking system's status, such as `confirmed`.
    pub status: String,
    /// The booked objects; at least one.
    pub object_ids: Vec<String>,
    /// The beginning of the booked time.
    pub starts_at: DateTime<Utc>,
    /// The end of the booked time. [`crate::Window`] says until when doors open.
    pub ends_at: DateTime<Utc>,
}

impl Booking {
    /// The booked object, where there is only one. The booking may list it several times.
    #[must_use]
    pub fn only_object(&self) -> Option<&str> {
        let [first, rest @ ..] = self.object_ids.as_slice() else { return None };
        rest.iter().all(|other| other == first).then_some(first)
    }
}

/// The version of a booking's state, which orders the booking's events (`docs/contract.md`, Order of a
/// booking's events).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookingVersion {
    /// A number that grows with every change of the booking, where the booking system sends one.
    pub revision: Option<u64>,
    /// The event's `time`.
    pub time: DateTime<Utc>,
}

impl BookingVersion {
    /// Whether this state replaces `stored`: a revision precedes none, then the higher revision, then
    /// the later time. Of two equal versions neither replaces the other: their states are tied where
    /// they differ ([`crate::BookingStates`]).
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
    fn a_revision_supersedes_none_whatever_the_time() {
        assert!(version(Some(0), 0).supersedes(&version(None, 1_000)));
        assert!(!version(None, 1_000).supersedes(&version(Some(0), 0)));
    }

    #[test]
    fn the_higher_revision_supersedes_the_later_time() {
        assert!(version(Some(2), 0).supersedes(&version(Some(1), 1_000)));
        assert!(!version(Some(1), 1_000).supersedes(&version(Some(2), 0)));
    }

    #[test]
    fn equal_revisions_are_ordered_by_time_and_equal_versions_do_not_replace() {
        assert!(version(Some(7), 2).supersedes(&version(Some(7), 1)));
        assert!(!version(Some(7), 1).supersedes(&version(Some(7), 1)));
        assert!(version(None, 2).supersedes(&version(None, 1)));
        assert!(!version(None, 1).supersedes(&version(None, 1)));
    }

    fn versions() -> impl Strategy<Value = BookingVersion> {
        (proptest::option::of(0u64..4), 0i64..4).prop_map(|(r, s)| version(r, s))
    }

    proptest! {
        /// Any order of arrival ends with the same newest version, on which replicas therefore agree.
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
