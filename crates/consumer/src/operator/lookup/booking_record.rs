//! All that is known of a booking, and forgetting its states.

use chrono::{DateTime, Utc};
use deadpool_redis::redis;
use rules::{Booking, BookingVersion};

use super::Lookup;
use crate::state::store::StoreError;

/// What is known of a booking. Times of expiry are of Redis' clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingRecord {
    /// Its newest known states: several, where they are equally new; none, where only the mark of its first
    /// opening is known.
    pub states: Vec<Booking>,
    /// The version of these states.
    pub version: Option<BookingVersion>,
    /// Until when the states are kept.
    pub kept_until: Option<DateTime<Utc>>,
    /// Whether it has had its first opening.
    pub checked_in: bool,
    /// Until when the mark of the first opening is kept.
    pub check_in_kept_until: Option<DateTime<Utc>>,
}

impl Lookup {
    /// What is known of a booking; none, where nothing is.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn booking_record(
        &self,
        integration_id: &str,
        booking_id: &str,
    ) -> Result<Option<BookingRecord>, StoreError> {
        let booking = self.keys.booking(integration_id, booking_id);
        let check_in = self.keys.check_in(integration_id, booking_id);
        let mut read = redis::pipe();
        read.exists(&check_in).pttl(&booking).pttl(&check_in).cmd("TIME");
        let (checked_in, left, check_in_left, (seconds, micros)): (bool, i64, i64, (i64, i64)) =
            self.store.query_all(&read).await?;
        let (states, version) = self.states_and_version(&booking).await?;
        if states.is_empty() && !checked_in {
            return Ok(None);
        }
        let now = seconds * 1000 + micros / 1000;
        // `PTTL` answers a negative number where the key is missing or does not expire.
        let until =
            |left: i64| (left >= 0).then(|| DateTime::from_timestamp_millis(now + left)).flatten();
        Ok(Some(BookingRecord {
            states,
            version,
            kept_until: until(left),
            checked_in,
            check_in_kept_until: until(check_in_left),
        }))
    }

    /// Removes the states of a booking, also those that cannot be read; answers whether there were any. The
    /// mark of its first opening stays, so that no second check-in is published.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn forget_booking(
        &self,
        integration_id: &str,
        booking_id: &str,
    ) -> Result<bool, StoreError> {
        let key = self.keys.booking(integration_id, booking_id);
        self.store.query(redis::cmd("DEL").arg(key)).await
    }

    /// The states of a booking with this key, and their version.
    async fn states_and_version(
        &self,
        key: &str,
    ) -> Result<(Vec<Booking>, Option<BookingVersion>), StoreError> {
        let stored = self.stored_states(key).await?;
        let states = stored.read()?.map(|states| states.all().to_vec()).unwrap_or_default();
        Ok((states, stored.version()))
    }
}
