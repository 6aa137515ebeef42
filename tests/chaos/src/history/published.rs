//! Messages that the booking system published.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message with the times of its publication.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Published<T> {
    #[serde(flatten)]
    pub what: T,
    pub sent: Sent,
}

/// When a message was sent to the broker.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Sent {
    /// The first attempt to publish it: before this time postern cannot know the message.
    pub first: DateTime<Utc>,
    /// When the broker confirmed it; none if the run ended before.
    pub confirmed: Option<DateTime<Utc>>,
    /// How often it was sent: an unconfirmed message is published again, so the broker may have it twice.
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
    /// Whether it supersedes another event of the same booking: an event with a revision supersedes one without; then
    /// the higher revision counts; then the later time. If both are equal, neither is newer.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.revision, self.time) > (other.revision, other.time)
    }

    /// Identifies the booking among those of all integrations.
    pub fn key(&self) -> (&str, &str) {
        (&self.integration, &self.booking)
    }
}

/// A well-formed request to open a door.
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
    /// The lock that is reserved for this request from its publication until the next request for the lock; none if
    /// the request cannot lead to a lock.
    pub lock: Option<String>,
    /// The test case that it belongs to.
    pub case: String,
}

/// `(source, id)`: two messages with the same key are the same request.
pub type RequestKey = (String, String);

impl Request {
    /// The key that identifies it.
    pub fn key(&self) -> RequestKey {
        (self.source.clone(), self.id.clone())
    }
}

/// A message that is not a valid event (docs/contract.md, Inbound).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvalidMessage {
    /// A name with a number, which is in the body of this message only.
    pub mark: String,
    pub queue: String,
    pub body: String,
    /// The expected `postern-reason` of its dead letter.
    pub reason: String,
}

impl InvalidMessage {
    /// The source and id in its body, if it has them.
    pub fn request(&self) -> Option<RequestKey> {
        request_in(&self.body)
    }
}

/// The source and id in the body of a message.
pub(super) fn request_in(body: &str) -> Option<RequestKey> {
    let body: Value = serde_json::from_str(body).ok()?;
    Some((body["source"].as_str()?.to_owned(), body["id"].as_str()?.to_owned()))
}
