//! The bookings of an integration by their start, so that those that begin soon are found without reading
//! all. `bookings/store.lua` keeps them up to date.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use chrono::{DateTime, Utc};
use deadpool_redis::redis::{self, Script, cmd};
use rules::BookingStates;

use super::{
    bookings::{self, KEPT_AFTER_START, StoredStates, sortable_version},
    keys::Keys,
    store::{Store, StoreError, millis},
};

/// Keys read with one command: Redis answers no other client meanwhile.
const AT_ONCE: usize = 500;

static ADD: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("booking_starts/add.lua")));
static CORRECT: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("booking_starts/correct.lua")));

/// A booking by its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UpcomingBooking {
    pub(crate) booking_id: String,
    /// None where the booking is not stored, or cannot be read.
    pub(crate) states: Option<BookingStates>,
}

/// The bookings by their start, in Redis.
#[derive(Debug)]
pub(crate) struct BookingStarts {
    store: Arc<Store>,
    keys: Keys,
}

impl BookingStarts {
    pub(crate) fn new(store: Arc<Store>, keys: Keys) -> Self {
        Self { store, keys }
    }

    /// The `page`th part of an integration's bookings that begin in that time; empty after the last one.
    pub(crate) async fn beginning(
        &self,
        integration_id: &str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        page: usize,
    ) -> Result<Vec<UpcomingBooking>, StoreError> {
        let key = self.keys.booking_starts(integration_id);
        let mut range = cmd("ZRANGEBYSCORE");
        range.arg(&key).arg(from.timestamp_millis()).arg(until.timestamp_millis());
        range.arg("WITHSCORES").arg("LIMIT").arg(page * AT_ONCE).arg(AT_ONCE);
        let found: Vec<(String, i64)> = self.store.query(&range).await?;
        let ids: Vec<String> = found.iter().map(|(id, _)| id.clone()).collect();
        let stored = self.stored(integration_id, &ids).await?;
        let mut upcoming = Vec::with_capacity(found.len());
        for ((booking_id, start), stored) in found.into_iter().zip(stored) {
            let states = stored.read().ok().flatten();
            let actual = states.as_ref().map(|states| states.first_start().timestamp_millis());
            if actual != Some(start) {
                self.correct(integration_id, &booking_id, &stored, actual).await?;
            }
            upcoming.push(UpcomingBooking { booking_id, states });
        }
        Ok(upcoming)
    }

    /// These bookings, whenever they begin.
    pub(crate) async fn these(
        &self,
        integration_id: &str,
        booking_ids: &[String],
    ) -> Result<Vec<UpcomingBooking>, StoreError> {
        let mut all = Vec::with_capacity(booking_ids.len());
        for ids in booking_ids.chunks(AT_ONCE) {
            let stored = self.stored(integration_id, ids).await?;
            all.extend(ids.iter().zip(stored).map(|(booking_id, stored)| UpcomingBooking {
                booking_id: booking_id.clone(),
                states: stored.read().ok().flatten(),
            }));
        }
        Ok(all)
    }

    /// Adds the stored bookings that are missing: an earlier version of postern may have stored them.
    pub(crate) async fn add_stored(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut cursor = 0_u64;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(self.keys.bookings()).arg("COUNT").arg(AT_ONCE);
            let (next, keys): (u64, Vec<String>) = self.store.query(&scan).await?;
            self.add(&keys, now).await?;
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn add(&self, keys: &[String], now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut starts: HashMap<String, Vec<(i64, String)>> = HashMap::new();
        for (key, stored) in keys.iter().zip(self.stored_at(keys.to_vec()).await?) {
            let Some((integration_id, booking_id)) = self.keys.read_booking(key) else { continue };
            let Some(states) = stored.read().ok().flatten() else { continue };
            let start = states.first_start();
            if start > now {
                let start = (start.timestamp_millis(), booking_id);
                starts.entry(integration_id).or_default().push(start);
            }
        }
        for (integration_id, starts) in starts {
            let mut add = ADD.key(self.keys.booking_starts(&integration_id));
            add.arg(millis(KEPT_AFTER_START));
            for (start, booking_id) in starts {
                add.arg(start).arg(booking_id);
            }
            self.store.run::<()>(&add).await?;
        }
        Ok(())
    }

    /// Corrects the start of a booking that an earlier version of postern has stored, or removes one that is
    /// no longer stored.
    async fn correct(
        &self,
        integration_id: &str,
        booking_id: &str,
        stored: &StoredStates,
        start: Option<i64>,
    ) -> Result<(), StoreError> {
        let version = stored.version().map(|version| sortable_version(&version));
        let mut correct = CORRECT.key(self.keys.booking_starts(integration_id));
        correct.key(self.keys.booking(integration_id, booking_id));
        correct.arg(booking_id).arg(version.unwrap_or_default());
        correct.arg(start.map(|start| start.to_string()).unwrap_or_default());
        self.store.run(&correct).await
    }

    async fn stored(
        &self,
        integration_id: &str,
        booking_ids: &[String],
    ) -> Result<Vec<StoredStates>, StoreError> {
        let key = |id: &String| self.keys.booking(integration_id, id);
        self.stored_at(booking_ids.iter().map(key).collect()).await
    }

    async fn stored_at(&self, keys: Vec<String>) -> Result<Vec<StoredStates>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut read = redis::pipe();
        for key in keys {
            read.hmget(key, &bookings::FIELDS);
        }
        self.store.query_all(&read).await
    }
}

#[cfg(test)]
mod tests;
