//! What postern, Salto and the servers did, as observed from outside.

use super::published::request_in;
use super::{Answer, DeadLetterReason, EventType, RequestKey};
use chrono::{DateTime, Utc};
use rules::{FailedReason, RejectedReason};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// An event of `postern.outbound`; an event that was published twice is listed twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub routing_key: String,
    /// The whole CloudEvent.
    pub body: Value,
}

impl Event {
    /// Its `type`.
    pub fn type_name(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    /// Its type; none if the judge does not know it.
    pub fn event_type(&self) -> Option<EventType> {
        EventType::from_name(self.type_name())
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap_or_default()
    }

    /// Its `time`: when postern decided it.
    pub fn time(&self) -> Option<DateTime<Utc>> {
        time_in(&self.body["time"])
    }

    /// A text member of `data`; empty if absent.
    pub fn text(&self, member: &str) -> &str {
        self.body["data"][member].as_str().unwrap_or_default()
    }

    /// A time in `data`.
    pub fn time_of(&self, member: &str) -> Option<DateTime<Utc>> {
        time_in(&self.body["data"][member])
    }

    /// The request that caused it.
    pub fn request(&self) -> RequestKey {
        (self.text("request_source").to_owned(), self.text("request_id").to_owned())
    }

    /// Whether it ends a request.
    pub fn is_terminal(&self) -> bool {
        self.event_type().is_some_and(EventType::is_terminal)
    }

    /// The answer of a terminal event; none for other events, and if the judge does not know the reason.
    pub fn answer(&self) -> Option<Answer> {
        let reason = self.text("reason");
        match self.event_type()? {
            EventType::Opened => Some(Answer::Opened),
            EventType::OpenRejected => RejectedReason::from_code(reason).map(Answer::Rejected),
            EventType::OpenFailed => FailedReason::from_code(reason).map(Answer::Failed),
            EventType::CheckIn
            | EventType::OpenConfirmed
            | EventType::IqAttention
            | EventType::IntegrationAttention
            | EventType::BookingAtRisk => None,
        }
    }

    /// The answer as text, for messages: `opened`, or the reason.
    pub fn outcome(&self) -> &str {
        if self.event_type() == Some(EventType::Opened) { "opened" } else { self.text("reason") }
    }

    /// The number of commands that postern has written, according to the event.
    pub fn attempts(&self) -> Option<u64> {
        self.body["data"]["attempts"].as_u64()
    }
}

fn time_in(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|time| time.to_utc())
}

/// A message in `postern.dead-letters` at the end of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    pub reason: String,
    pub queue: String,
    pub body: String,
    /// All `postern-` headers.
    pub headers: BTreeMap<String, String>,
}

impl DeadLetter {
    /// Its reason; none if the judge does not know it.
    pub fn known_reason(&self) -> Option<DeadLetterReason> {
        DeadLetterReason::from_code(&self.reason)
    }

    /// The request in its body, if there is one.
    pub fn request(&self) -> Option<RequestKey> {
        request_in(&self.body)
    }
}

/// A command to open, as the simulator received it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub seq: u64,
    pub received_at: DateTime<Utc>,
    pub lock_id: Option<String>,
    pub iq_id: Option<String>,
    pub username: Option<String>,
    /// The simulator's result: see its README.
    pub verdict: String,
    /// Sent in the answer; none if there was no answer.
    pub status: Option<u16>,
    pub fault: Option<String>,
}

impl Command {
    /// Whether its outcome is unknown: there was no answer, or one that does not say whether it was executed.
    pub fn outcome_is_unknown(&self) -> bool {
        match self.status {
            None => true,
            Some(status) => status >= 500 && status != 503,
        }
    }

    /// Whether it may have opened the door, as far as postern can know.
    pub fn may_have_happened(&self) -> bool {
        self.verdict == "opened" || self.outcome_is_unknown()
    }

    /// Whether Salto checked the one-time password and rejected it.
    pub fn otp_was_rejected(&self) -> bool {
        matches!(self.verdict.as_str(), "otp_invalid" | "otp_blocked" | "otp_missing")
    }
}

/// A door that opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub seq: u64,
    pub opened_at: DateTime<Utc>,
    pub lock_id: String,
    pub command_seq: u64,
}

/// The number of token requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCount {
    pub grant: String,
    pub username: String,
    pub granted: u64,
    pub denied: u64,
}

/// Something that others than postern can read: a log, an event, the content of Redis.
#[derive(Debug, Clone)]
pub struct Artifact {
    pub name: String,
    pub content: Vec<u8>,
}

/// A secret that must not be in any of them. Its debug output shows the kind, never the value.
#[derive(Clone)]
pub enum Secret {
    /// These bytes, anywhere.
    Bytes { kind: String, value: Vec<u8> },
    /// This word, only as a whole: a short one is part of many harmless numbers.
    Word { kind: String, value: String },
    /// Any word with this number of letters and digits: the simulator's tokens.
    WordsOfLength { kind: String, length: usize },
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Bytes { kind, .. } | Self::Word { kind, .. } | Self::WordsOfLength { kind, .. }) =
            self;
        write!(f, "{kind}: ***")
    }
}
