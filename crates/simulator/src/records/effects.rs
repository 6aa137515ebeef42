//! What calls brought about: openings, mails, digital keys.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::timestamp::micros;

/// An opening of a door.
#[derive(Clone, Serialize)]
pub(crate) struct Opening {
    /// By the machine's clock.
    #[serde(serialize_with = "micros")]
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) lock_id: Uuid,
    pub(crate) lock: Arc<str>,
    pub(crate) iq_id: Option<Uuid>,
    pub(crate) site_id: Uuid,
    pub(crate) username: Arc<str>,
    pub(crate) access_by: &'static str,
    /// The number of the command that opened the door.
    pub(crate) command_seq: u64,
    pub(crate) open_seconds: u32,
}

/// A message with a PIN.
#[derive(Clone, Serialize)]
pub(crate) struct Mail {
    /// By the machine's clock.
    #[serde(serialize_with = "micros")]
    pub(crate) sent_at: DateTime<Utc>,
    pub(crate) to: Arc<str>,
    /// `email` or `sms`.
    pub(crate) by: &'static str,
    pub(crate) site_id: Uuid,
    pub(crate) iq_id: Uuid,
    pub(crate) iq: String,
    pub(crate) pin: String,
}

/// A guest's digital key.
#[derive(Clone, Serialize)]
pub(crate) struct DigitalKey {
    /// By the machine's clock.
    #[serde(serialize_with = "micros")]
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) id: Uuid,
    pub(crate) site_id: Uuid,
    /// The pod member who asked for the access code.
    pub(crate) invited_by: Arc<str>,
    /// The body of the request.
    pub(crate) request: Value,
}
