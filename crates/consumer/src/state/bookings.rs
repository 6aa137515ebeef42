//! The booking store: the newest known state of every booking, and those that are tied with it.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use deadpool_redis::redis::Script;
use events::{BookingStatus, Event};
use rules::{BookingStates, BookingVersion};
use std::{sync::Arc, time::Duration};

mod record;

use super::{
    keys::Keys,
    store::{Replication, ScriptCall, Store, StoreError, millis},
};

pub(crate) use record::{FIELDS, StoredStates};

/// How long a booking that has begun stays among those by their start: longer than two checks of them are
/// apart.
pub(crate) const KEPT_AFTER_START: Duration = Duration::from_secs(3600);

/// Whether a booking status was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingStored {
    /// It is the newest state now.
    Newest,
    /// Another state with the same version is there: both are kept ([`BookingStates`]).
    Tied,
    /// As many states with the same version are there as are kept: no door of the booking opens.
    LeftOut,
    /// A newer state, or the same one, was there already.
    Superseded,
}

/// The bookings in Redis, stored by compare-and-set: replicas may take their events in any order.
#[derive(Debug)]
pub(crate) struct Bookings {
    store: Arc<Store>,
    keys: Keys,
    retention: Duration,
    script: Script,
}

impl Bookings {
    pub(crate) fn new(store: Arc<Store>, keys: Keys, retention: Duration) -> Self {
        let script = Script::new(include_str!("bookings/store.lua"));
        Self { store, keys, retention, script }
    }

    /// Stores a booking status, unless a newer one is known; beside one that has the same version. Doors
    /// open until so many minutes after its end.
    pub(crate) async fn store(
        &self,
        event: &Event<BookingStatus>,
        minutes_after: u32,
        now: DateTime<Utc>,
    ) -> Result<BookingStored, StoreError> {
        let status = &event.data;
        let version = BookingVersion { revision: status.revision, time: event.time };
        let record = record::write(status)?;
        let after = TimeDelta::minutes(minutes_after.into());
        let doors_until = status.ends_at.checked_add_signed(after).unwrap_or(status.ends_at);
        let (integration, booking) = (&status.integration_id, &status.booking_id);
        let call = ScriptCall::new(
            &self.script,
            [
                self.keys.booking(integration, booking),
                self.keys.check_in(integration, booking),
                self.keys.booking_starts(integration),
            ],
        )
        .arg(sortable_version(&version))
        .arg(record)
        .arg(kept_until(now, doors_until, self.retention))
        .arg(BookingStates::MAX)
        .arg(booking)
        .arg(status.starts_at.timestamp_millis())
        .arg(millis(KEPT_AFTER_START));
        let stored: String = self.store.run_replicated(&call, Replication::Required).await?;
        match stored.as_str() {
            "newest" => Ok(BookingStored::Newest),
            "tied" => Ok(BookingStored::Tied),
            "left out" => Ok(BookingStored::LeftOut),
            "superseded" => Ok(BookingStored::Superseded),
            other => Err(StoreError::Away(format!("the booking store answered {other:?}"))),
        }
    }
}

/// The Unix time in milliseconds until which a record is kept: `retention` after the `end` of its
/// booking or request, or after now where that is over already, so that a late older event still
/// finds the newer one.
pub(crate) fn kept_until(now: DateTime<Utc>, end: DateTime<Utc>, retention: Duration) -> i64 {
    let retention = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    end.max(now).timestamp_millis().saturating_add(retention)
}

/// A version as text that compares, byte by byte, as [`BookingVersion::supersedes`] does. Lua's
/// numbers are too coarse for revisions.
pub(crate) fn sortable_version(version: &BookingVersion) -> String {
    let (counted, revision) = version.revision.map_or((0, 0), |revision| (1, revision));
    let time = version.time;
    format!(
        "{counted}.{revision:020}.{:05}-{:03}-{:05}.{:010}",
        time.year(),
        time.ordinal(),
        time.num_seconds_from_midnight(),
        time.nanosecond(),
    )
}

/// The version that [`sortable_version`] wrote.
pub(crate) fn read_version(text: &str) -> Option<BookingVersion> {
    let (revision, time) = text.split_once('.')?;
    let (number, time) = time.split_once('.')?;
    let (date, nanoseconds) = time.split_once('.')?;
    let mut parts = date.split('-');
    let (year, ordinal, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let time = NaiveDate::from_yo_opt(year.parse().ok()?, ordinal.parse().ok()?)?.and_time(
        NaiveTime::from_num_seconds_from_midnight_opt(
            seconds.parse().ok()?,
            nanoseconds.parse().ok()?,
        )?,
    );
    let revision = (revision == "1").then(|| number.parse().ok());
    Some(BookingVersion { revision: revision.flatten(), time: time.and_utc() })
}

#[cfg(test)]
mod tests;
