//! Reading all records of a kind, a few at a time, while workers use Redis.

use std::collections::BTreeMap;

use deadpool_redis::redis::{self, FromRedisValue};
use rules::BookingStates;

use super::Lookup;
use crate::state::{
    bookings::{self, StoredStates},
    store::StoreError,
};

/// Keys read with one command: Redis answers no other client meanwhile.
const AT_ONCE: u32 = 500;

/// A stored booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBooking {
    /// The integration.
    pub integration_id: String,
    /// The id of the booking.
    pub booking_id: String,
    /// Its newest known states.
    pub booking: BookingStates,
}

impl Lookup {
    /// Reads the stored bookings and answers those that `keep` selects, `most` of them, and whether there
    /// are more. A booking that is stored or removed meanwhile may be missed; none is answered twice.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn bookings(
        &self,
        most: usize,
        keep: impl Fn(&StoredBooking) -> bool,
    ) -> Result<(Vec<StoredBooking>, bool), StoreError> {
        let mut found = BTreeMap::new();
        let mut cursor = Some(0);
        while let Some(from) = cursor {
            let (next, keys) = self.keys_from(from, &self.keys.bookings()).await?;
            let states = self.stored_states_of(&keys).await?;
            for (key, stored) in keys.iter().zip(states) {
                // A booking that cannot be read is left out.
                let booking = stored.read().ok().flatten();
                let ids = self.keys.read_booking(key);
                let (Some(booking), Some((integration_id, booking_id))) = (booking, ids) else {
                    continue;
                };
                let stored = StoredBooking { integration_id, booking_id, booking };
                if keep(&stored) {
                    let ids = (stored.integration_id.clone(), stored.booking_id.clone());
                    found.insert(ids, stored);
                }
            }
            if found.len() > most {
                break;
            }
            cursor = next;
        }
        let more = found.len() > most;
        Ok((found.into_values().take(most).collect(), more))
    }

    /// The next keys of a pattern, and the cursor to go on from; none at the end.
    pub(super) async fn keys_from(
        &self,
        cursor: u64,
        pattern: &str,
    ) -> Result<(Option<u64>, Vec<String>), StoreError> {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(AT_ONCE);
        let (next, keys): (u64, Vec<String>) = self.store.query(&scan).await?;
        Ok(((next != 0).then_some(next), keys))
    }

    async fn stored_states_of(&self, keys: &[String]) -> Result<Vec<StoredStates>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for key in keys {
            pipeline.hmget(key, &bookings::FIELDS);
        }
        self.store.query_all(&pipeline).await
    }

    /// A field of each of these hashes.
    pub(super) async fn fields<T: FromRedisValue>(
        &self,
        keys: &[String],
        field: &str,
    ) -> Result<Vec<T>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for key in keys {
            pipeline.hget(key, field);
        }
        self.store.query_all(&pipeline).await
    }
}
