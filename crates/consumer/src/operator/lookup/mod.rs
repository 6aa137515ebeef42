//! Reading what Redis holds, for commands. They change nothing but the pauses that Salto asks them for, and what an
//! operator tells them to remove: a pause, or the states of a booking.

mod booking_record;
mod contents;
mod record;
mod scan;

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis;
use events::{BookingStatus, Event, IntegrationState, OpenRequest, Outbound};
use rules::{BookingStates, BookingVersion};
use salto::CallError;

use crate::{
    settings::RedisSettings,
    state::{
        bookings::{self, BookingStored, StoredStates},
        conditions::Conditions,
        integration_records::number,
        keys::Keys,
        ledger::{self, RequestKey},
        pauses::{Pauses, requested_pause},
        store::{RedisUrlError, Store, StoreError},
        unrouted::{UnroutedKey, UnroutedStore},
    },
};

pub use booking_record::BookingRecord;
pub use contents::{Contents, KeyKind, RedisMemory};
pub use record::{ClaimRecord, RequestRecord};
pub use scan::StoredBooking;

/// Reads the ledger and the booking store.
#[derive(Debug)]
pub struct Lookup {
    store: Arc<Store>,
    keys: Keys,
    pauses: Pauses,
    conditions: Conditions,
    unrouted: UnroutedStore,
}

impl Lookup {
    /// Connects when first used.
    ///
    /// # Errors
    ///
    /// [`RedisUrlError`], where Redis' client cannot read the URL.
    pub fn new(settings: &RedisSettings) -> Result<Self, RedisUrlError> {
        Ok(Self::through(Arc::new(Store::new(settings)?), &settings.key_prefix))
    }

    /// Reads through a connection that the caller uses too.
    #[must_use]
    pub fn through(store: Arc<Store>, key_prefix: &str) -> Self {
        let keys = Keys::new(key_prefix);
        let pauses = Pauses::new(Arc::clone(&store), keys.clone());
        let conditions = Conditions::new(Arc::clone(&store), keys.clone());
        let unrouted = UnroutedStore::new(Arc::clone(&store), &keys);
        Self { store, keys, pauses, conditions, unrouted }
    }

    /// The rest of the pause that Salto asked for; zero where there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn pause(&self, integration_id: &str) -> Result<Duration, StoreError> {
        self.pauses.remaining(integration_id).await
    }

    /// The state that the workers' checks have told last, of what all doors of an integration depend on; none where
    /// nothing was told yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn told_state(
        &self,
        integration_id: &str,
    ) -> Result<Option<IntegrationState>, StoreError> {
        self.conditions.told(integration_id).await
    }

    /// The version of the integration that is stored now; none where none is.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn stored_version(&self, integration_id: &str) -> Result<Option<u64>, StoreError> {
        let mut read = redis::cmd("HGET");
        read.arg(self.keys.integration_versions()).arg(integration_id);
        let version: Option<String> = self.store.query(&read).await?;
        Ok(version.as_deref().map(number))
    }

    /// Shares the pause that Salto asked for in its answer to a call, if it did: all workers obey it.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn share_pause(
        &self,
        integration_id: &str,
        error: &CallError,
    ) -> Result<(), StoreError> {
        match requested_pause(error) {
            Some(pause) => self.pauses.share(integration_id, pause).await,
            None => Ok(()),
        }
    }

    /// Ends the pause that Salto asked for; answers whether there was one.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn lift_pause(&self, integration_id: &str) -> Result<bool, StoreError> {
        self.pauses.lift(integration_id).await
    }

    /// The routing keys of events that no queue takes, as workers have seen in the last minute; the oldest
    /// first.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer.
    pub async fn unrouted_keys(&self) -> Result<Vec<UnroutedKey>, StoreError> {
        self.unrouted.all().await
    }

    /// What storing a booking status would do.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn would_store(
        &self,
        status: &Event<BookingStatus>,
    ) -> Result<BookingStored, StoreError> {
        let key = self.keys.booking(&status.data.integration_id, &status.data.booking_id);
        Ok(self.stored_states(&key).await?.would_store(status)?)
    }

    /// The recorded outcome of a request, which a replay publishes again.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn outcome(
        &self,
        request: &Event<OpenRequest>,
    ) -> Result<Option<Outbound>, StoreError> {
        let key = self.keys.request(events::request_key(&request.source, &request.id));
        let terminal: Option<Vec<u8>> =
            self.store.query(redis::cmd("HGET").arg(key).arg("terminal")).await?;
        Ok(terminal.as_deref().map(ledger::read_event).transpose()?)
    }

    /// What another request is about that was given this one's source and id before: integration, booking and
    /// object, as JSON.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn conflict(
        &self,
        request: &Event<OpenRequest>,
    ) -> Result<Option<String>, StoreError> {
        let data = &request.data;
        let key = RequestKey {
            key: events::request_key(&request.source, &request.id),
            integration_id: &data.integration_id,
            booking_id: &data.booking_id,
            object_id: data.object_id.as_deref(),
            expires_at: request.time,
        };
        let mut subject = redis::cmd("HGET");
        subject.arg(self.keys.request(key.key)).arg("subject");
        let first: Option<String> = self.store.query(&subject).await?;
        let own = key.subject()?;
        Ok(first.filter(|first| *first != own))
    }

    /// The version of a booking's newest known state.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn version(
        &self,
        integration_id: &str,
        booking_id: &str,
    ) -> Result<Option<BookingVersion>, StoreError> {
        let key = self.keys.booking(integration_id, booking_id);
        Ok(self.stored_states(&key).await?.version())
    }

    /// Whether the booking has had its first opening.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn is_checked_in(
        &self,
        integration_id: &str,
        booking_id: &str,
    ) -> Result<bool, StoreError> {
        let key = self.keys.check_in(integration_id, booking_id);
        self.store.query(redis::cmd("EXISTS").arg(key)).await
    }

    /// The newest known states of a booking.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn booking(
        &self,
        integration_id: &str,
        booking_id: &str,
    ) -> Result<Option<BookingStates>, StoreError> {
        let key = self.keys.booking(integration_id, booking_id);
        Ok(self.stored_states(&key).await?.read()?)
    }

    async fn stored_states(&self, key: &str) -> Result<StoredStates, StoreError> {
        self.store.query(redis::cmd("HMGET").arg(key).arg(&bookings::FIELDS)).await
    }
}
