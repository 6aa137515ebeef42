//! The history of a run, as far as it can be observed from outside: the only input of the judge.
//!
//! All times are of this machine, on which everything runs. A history can be written to a file and read again.

mod answer;
mod faults;
mod observed;
mod published;

pub use answer::{Answer, DeadLetterReason, EventType};
pub use faults::{Exit, Fault, Target};
pub use observed::{Artifact, Command, DeadLetter, Event, Opening, Secret, TokenCount};
pub use published::{Booking, InvalidMessage, Published, Request, RequestKey, Sent};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything that is known about a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct History {
    pub seed: u64,
    pub rules: Rules,
    pub began: DateTime<Utc>,
    pub ended: DateTime<Utc>,
    pub bookings: Vec<Published<Booking>>,
    pub requests: Vec<Published<Request>>,
    pub invalid_messages: Vec<Published<InvalidMessage>>,
    pub events: Vec<Event>,
    pub dead_letters: Vec<DeadLetter>,
    pub commands: Vec<Command>,
    pub openings: Vec<Opening>,
    /// The lines of the audit.
    #[serde(default)]
    pub audit: Vec<Value>,
    pub tokens: Vec<TokenCount>,
    /// Messages left in postern's queues after the quiet period, dead letters excepted.
    pub queues: BTreeMap<String, u32>,
    /// Times at which all booking statuses confirmed before were known to be stored.
    pub stored: Vec<Stored>,
    /// What Redis had of single bookings.
    #[serde(default)]
    pub stored_bookings: Vec<StoredBooking>,
    pub faults: Vec<Fault>,
    pub exits: Vec<Exit>,
    /// Not written to the file: they are long, and are kept beside it.
    #[serde(skip)]
    pub artifacts: Vec<Artifact>,
    #[serde(skip)]
    pub secrets: Vec<Secret>,
}

/// At `seen_at`, every booking status confirmed before `confirmed_before` had been acknowledged.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Stored {
    pub confirmed_before: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
}

/// The record of a booking in Redis: at `seen_at`, this version with these states had been stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBooking {
    pub integration: String,
    pub booking: String,
    pub revision: Option<u64>,
    pub time: DateTime<Utc>,
    /// The status of each state with this version.
    pub statuses: Vec<String>,
    pub seen_at: DateTime<Utc>,
}

impl StoredBooking {
    /// Whether this record shows that the state had been stored: it has the state, or a newer one.
    pub fn shows(&self, state: &Booking) -> bool {
        // Times are published with microseconds.
        let stored = (self.revision, self.time.timestamp_micros());
        let version = (state.revision, state.time.timestamp_micros());
        stored > version || (stored == version && self.statuses.contains(&state.status))
    }
}

/// The configuration of the workers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rules {
    pub integrations: Vec<Integration>,
    pub open_from: Vec<String>,
    pub minutes_before: i64,
    pub request_ttl_seconds: i64,
    pub booking_wait_seconds: i64,
    pub command_timeout_seconds: i64,
    pub resend_window_seconds: i64,
    pub token_seconds: i64,
    /// The time after a request's expiry for which its outcome is kept.
    #[serde(default = "day")]
    pub retention_seconds: i64,
}

/// Histories from before the setting were made with the default.
fn day() -> i64 {
    86_400
}

/// One integration as configured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Integration {
    pub id: String,
    pub active: bool,
    pub username: String,
    pub check_in_status: Option<String>,
    pub locks: BTreeMap<String, String>,
    pub default_lock: Option<String>,
}

impl Integration {
    /// The lock of an object.
    pub fn lock_of(&self, object: &str) -> Option<&str> {
        self.locks.get(object).or(self.default_lock.as_ref()).map(String::as_str)
    }
}

impl Rules {
    /// The integration with this id.
    pub fn integration(&self, id: &str) -> Option<&Integration> {
        self.integrations.iter().find(|one| one.id == id)
    }

    /// Whether a booking with this status opens doors.
    pub fn allows(&self, integration: &Integration, status: &str) -> bool {
        self.open_from.iter().any(|one| one == status)
            || integration.check_in_status.as_deref() == Some(status)
    }

    /// When the booking's window begins.
    pub fn opens_at(&self, booking: &Booking) -> DateTime<Utc> {
        booking.starts_at - TimeDelta::minutes(self.minutes_before)
    }

    /// [`Rules::resend_window_seconds`].
    pub fn resend_window(&self) -> TimeDelta {
        TimeDelta::seconds(self.resend_window_seconds)
    }
}

impl History {
    /// Whether a fault that fulfils the condition was active at some time from `from` to `until`.
    ///
    /// The fault of a killed worker lasts until the next worker is ready.
    pub fn had_fault(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        condition: impl Fn(&Fault) -> bool,
    ) -> bool {
        self.faults
            .iter()
            .any(|fault| condition(fault) && fault.from <= until && from <= fault.until)
    }
}
