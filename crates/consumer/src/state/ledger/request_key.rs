//! The request that a record is about.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::outcome::to_record;
use crate::state::store::RecordError;

/// The request that a record is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestKey<'a> {
    /// [`events::request_key`] of its event.
    pub(crate) key: Uuid,
    pub(crate) integration_id: &'a str,
    pub(crate) booking_id: &'a str,
    pub(crate) object_id: Option<&'a str>,
    pub(crate) expires_at: DateTime<Utc>,
}

impl RequestKey<'_> {
    /// What the request is about: another request may have been given the same id.
    pub(crate) fn subject(&self) -> Result<String, RecordError> {
        to_record(&(self.integration_id, self.booking_id, self.object_id))
    }
}
