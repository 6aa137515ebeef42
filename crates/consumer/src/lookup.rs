//! What is known in Redis, for commands that tell people: read, never changed, but for the pauses
//! that Salto asks such a command for.

mod record;
mod scan;

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis;
use events::{BookingStatus, Event, OpenRequest, Outbound};
use rules::{Booking, BookingVersion};
use salto::CallError;

use crate::{
    bookings,
    failure::Setback,
    keys::Keys,
    ledger,
    settings::RedisSettings,
    store::{Store, StoreError},
};

pub use record::{ClaimRecord, RequestRecord};
pub use scan::KnownBooking;

/// Looks into the ledger and the booking store.
#[derive(Debug)]
pub struct Lookup {
    store: Arc<Store>,
    keys: Keys,
}

impl Lookup {
    /// Connects when first used.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] when the URL is none that Redis' client understands.
    pub fn new(settings: &RedisSettings) -> Result<Self, StoreError> {
        let store = Arc::new(Store::new(settings)?);
        Ok(Self { store, keys: Keys::new(&settings.key_prefix) })
    }

    /// Looks through a connection that others use too.
    #[must_use]
    pub fn through(store: Arc<Store>, key_prefix: &str) -> Self {
        Self { store, keys: Keys::new(key_prefix) }
    }

    /// For how long Salto wants no calls for an integration; zero where it does not mind.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn pause(&self, integration_id: &str) -> Result<Duration, StoreError> {
        let key = self.keys.pause(integration_id);
        let left: i64 = self.store.query(redis::cmd("PTTL").arg(key)).await?;
        Ok(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }

    /// Where Salto answered a call for an integration with a wish for a pause, all workers obey.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn share_pause(
        &self,
        integration_id: &str,
        error: &CallError,
    ) -> Result<(), StoreError> {
        match Setback::from(error.clone()).pause {
            Some(pause) => {
                ledger::share_pause(&self.store, &self.keys, integration_id, pause).await
            }
            None => Ok(()),
        }
    }

    /// Whether a booking status would become its booking's newest state.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn is_newest(&self, status: &Event<BookingStatus>) -> Result<bool, StoreError> {
        let version = BookingVersion { revision: status.data.revision, time: status.time };
        let key = self.keys.booking(&status.data.integration_id, &status.data.booking_id);
        let stored: Option<String> =
            self.store.query(redis::cmd("HGET").arg(key).arg("version")).await?;
        Ok(stored.is_none_or(|stored| stored < bookings::order(&version)))
    }

    /// The recorded outcome of a request, which a replay would publish again.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn outcome(
        &self,
        request: &Event<OpenRequest>,
    ) -> Result<Option<Outbound>, StoreError> {
        let key = self.keys.request(events::request_key(&request.source, &request.id));
        let terminal: Option<Vec<u8>> =
            self.store.query(redis::cmd("HGET").arg(key).arg("terminal")).await?;
        let read = |terminal: Vec<u8>| {
            serde_json::from_slice(&terminal).map_err(|error| {
                StoreError::Refused(format!("a recorded outcome is unreadable: {error}"))
            })
        };
        terminal.map(read).transpose()
    }

    /// Which state of a booking is the newest known one.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn version(
        &self,
        integration_id: &str,
        booking_id: &str,
    ) -> Result<Option<BookingVersion>, StoreError> {
        let key = self.keys.booking(integration_id, booking_id);
        let stored: Option<String> =
            self.store.query(redis::cmd("HGET").arg(key).arg("version")).await?;
        Ok(stored.as_deref().and_then(bookings::read_order))
    }

    /// Whether the booking's first opening has been.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn is_checked_in(
        &self,
        integration_id: &str,
        booking_id: &str,
    ) -> Result<bool, StoreError> {
        let key = self.keys.check_in(integration_id, booking_id);
        self.store.query(redis::cmd("EXISTS").arg(key)).await
    }

    /// The newest known state of a booking.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn booking(
        &self,
        integration_id: &str,
        booking_id: &str,
    ) -> Result<Option<Booking>, StoreError> {
        let key = self.keys.booking(integration_id, booking_id);
        let record: Option<Vec<u8>> =
            self.store.query(redis::cmd("HGET").arg(key).arg("record")).await?;
        record.as_deref().map(bookings::read).transpose()
    }
}
