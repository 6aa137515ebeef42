//! When a record expires (`expiry.rs`).

use super::record::{RequestRecord, Time};

/// How long records are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Retention {
    /// After the request's expiry, where its only message is acknowledged.
    pub settled: Time,
    /// The same, where a copy of the message may exist.
    pub perhaps_copied: Time,
    /// From now on, where the message is not acknowledged.
    pub unsettled: Time,
}

impl Retention {
    /// Until when the record of an unsettled request is kept.
    #[must_use]
    pub fn unsettled_until(&self, now: Time, request_expires_at: Time) -> Time {
        (now + self.unsettled).max(now.max(request_expires_at) + self.settled)
    }

    /// Until when the record of a request is kept whose message is acknowledged.
    #[must_use]
    pub fn settled_until(&self, now: Time, request_expires_at: Time, perhaps_copied: bool) -> Time {
        let copies = if perhaps_copied { self.perhaps_copied } else { 0 };
        now.max(request_expires_at) + self.settled.max(copies)
    }
}

/// Shortens or prolongs the life of a record.
pub fn settle(record: &mut Option<RequestRecord>, until: Time) {
    if let Some(record) = record {
        record.expires_at = until;
    }
}

/// Removes a record whose time has come, by Redis' clock.
pub fn expire(record: &mut Option<RequestRecord>, now: Time) {
    record.take_if(|record| record.expires_at <= now);
}
