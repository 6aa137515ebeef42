//! Going through all records of a kind, a few at a time, beside the work of others.

use std::collections::BTreeMap;

use deadpool_redis::redis::{self, FromRedisValue};
use rules::Booking;

use super::Lookup;
use crate::{bookings, store::StoreError};

/// Keys looked at with one command: Redis answers nobody else meanwhile.
const AT_ONCE: u32 = 500;

/// A stored booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownBooking {
    /// Whose it is.
    pub integration_id: String,
    /// Its id.
    pub booking_id: String,
    /// Its newest known state.
    pub booking: Booking,
}

impl Lookup {
    /// Goes through the stored bookings and keeps those that `keep` wants, `most` of them. Whether
    /// there were more. What is stored or removed meanwhile may be missed; nothing is told twice.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn bookings(
        &self,
        most: usize,
        keep: impl Fn(&KnownBooking) -> bool,
    ) -> Result<(Vec<KnownBooking>, bool), StoreError> {
        let mut found = BTreeMap::new();
        let mut cursor = Some(0);
        while let Some(from) = cursor {
            let (next, keys) = self.keys_from(from, &self.keys.bookings()).await?;
            let records: Vec<Option<Vec<u8>>> = self.fields(&keys, "record").await?;
            for (key, record) in keys.iter().zip(records) {
                // One that cannot be read is not for this command to judge.
                let booking = record.as_deref().and_then(|record| bookings::read(record).ok());
                let ids = self.keys.read_booking(key);
                let (Some(booking), Some((integration_id, booking_id))) = (booking, ids) else {
                    continue;
                };
                let known = KnownBooking { integration_id, booking_id, booking };
                if keep(&known) {
                    let ids = (known.integration_id.clone(), known.booking_id.clone());
                    found.insert(ids, known);
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

    /// The next keys of a pattern; where to go on, if anywhere.
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
