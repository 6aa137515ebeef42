//! What came out of it.

use super::RequestKey;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// An event of `postern.outbound`; one that was published twice is there twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub routing_key: String,
    /// The whole CloudEvent.
    pub body: Value,
}

impl Event {
    /// Its type.
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap_or_default()
    }

    /// When postern knew.
    pub fn time(&self) -> Option<DateTime<Utc>> {
        time_in(&self.body["time"])
    }

    /// A text member of `data`, empty where absent.
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
        matches!(self.kind(), "lock.opened.v1" | "lock.open-rejected.v1" | "lock.open-failed.v1")
    }

    /// `opened`, or why not.
    pub fn outcome(&self) -> &str {
        match self.kind() {
            "lock.opened.v1" => "opened",
            _ => self.text("reason"),
        }
    }

    /// Commands that postern says it wrote.
    pub fn attempts(&self) -> Option<u64> {
        self.body["data"]["attempts"].as_u64()
    }
}

fn time_in(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(value.as_str()?).ok().map(|time| time.to_utc())
}

/// A message in `postern.dead-letters` at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    pub reason: String,
    pub queue: String,
    pub body: String,
    /// All `postern-` headers.
    pub headers: BTreeMap<String, String>,
}

impl DeadLetter {
    /// The request in its body, where there is one.
    pub fn request(&self) -> Option<RequestKey> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        Some((body["source"].as_str()?.to_owned(), body["id"].as_str()?.to_owned()))
    }
}

/// What the simulator thought of a command: see its README.
pub type Verdict = String;

/// A command to open, as the simulator received it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub seq: u64,
    pub received_at: DateTime<Utc>,
    pub lock_id: Option<String>,
    pub iq_id: Option<String>,
    pub username: Option<String>,
    pub verdict: Verdict,
    /// On the wire; none where no answer was.
    pub status: Option<u16>,
    pub fault: Option<String>,
}

impl Command {
    /// Whether nobody can know from the answer if it was carried out: there was none, or one that says nothing.
    pub fn answer_leaves_doubt(&self) -> bool {
        match self.status {
            None => true,
            Some(status) => status >= 500 && status != 503,
        }
    }

    /// Whether it may have opened the door as far as postern can know.
    pub fn may_have_happened(&self) -> bool {
        self.verdict == "opened" || self.answer_leaves_doubt()
    }

    /// Whether Salto looked at the one-time password and refused it.
    pub fn otp_was_refused(&self) -> bool {
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

/// How often tokens were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenCount {
    pub grant: String,
    pub username: String,
    pub granted: u64,
    pub denied: u64,
}

/// Something that an outsider may read: a log, an event, what lies in Redis.
#[derive(Debug, Clone)]
pub struct Place {
    pub name: String,
    pub content: Vec<u8>,
}

/// What must not be in any of them. It names itself by its kind, never by its value.
#[derive(Clone)]
pub enum Secret {
    /// These bytes, wherever they are.
    Bytes { kind: String, value: Vec<u8> },
    /// This word, standing alone: short ones are part of many a harmless number.
    Word { kind: String, value: String },
    /// Any word of so many letters and digits: the simulator's tokens.
    WordsOfLength { kind: String, length: usize },
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Bytes { kind, .. } | Self::Word { kind, .. } | Self::WordsOfLength { kind, .. }) =
            self;
        write!(f, "{kind}: ***")
    }
}
