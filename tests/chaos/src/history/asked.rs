//! What the booking system published.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A message, and what became of publishing it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Published<T> {
    #[serde(flatten)]
    pub what: T,
    pub sent: Sent,
}

/// When a message went to the broker.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Sent {
    /// Not before this could anybody know of it.
    pub first: DateTime<Utc>,
    /// From here on the broker answers for it. None where the run ended before.
    pub confirmed: Option<DateTime<Utc>>,
    /// How often it was handed over: what is not confirmed is published again, and may be there twice.
    pub copies: u32,
}

/// A booking's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    pub integration: String,
    pub booking: String,
    pub status: String,
    pub objects: Vec<String>,
    pub starts_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub revision: Option<u64>,
    pub time: DateTime<Utc>,
}

impl Booking {
    /// Whether it counts more than another event of the same booking. A revision beats none; then the higher one; then
    /// the later time. Neither is newer where both are equal: the first stored stays.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.revision, self.time) > (other.revision, other.time)
    }

    /// The booking's name over all integrations.
    pub fn key(&self) -> (&str, &str) {
        (&self.integration, &self.booking)
    }
}

/// A request to open a door, valid in form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub source: String,
    pub id: String,
    pub integration: String,
    pub booking: String,
    pub object: Option<String>,
    pub requested_by: Option<String>,
    pub time: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// The lock that is this request's alone from its publication on, until another's turn; none where no lock can be
    /// meant.
    pub lock: Option<String>,
    /// What it is there to try.
    pub story: String,
}

/// `(source, id)`: what makes two messages the same request.
pub type RequestKey = (String, String);

impl Request {
    /// What identifies it.
    pub fn key(&self) -> RequestKey {
        (self.source.clone(), self.id.clone())
    }
}

/// A message that is no event of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Garbage {
    /// A word that is in its body, and in no other.
    pub mark: String,
    pub queue: String,
    pub body: String,
    /// The `postern-reason` that it deserves.
    pub reason: String,
}
