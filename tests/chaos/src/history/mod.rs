//! What happened in a run, as far as it can be seen from outside: the checker's only source.
//!
//! Times are those of this machine, on which everything runs. A history can be written down and read again.

mod asked;
mod seen;
mod trouble;

pub use asked::{Booking, Garbage, Published, Request, RequestKey, Sent};
pub use seen::{Command, DeadLetter, Event, Opening, Place, Secret, TokenCount, Verdict};
pub use trouble::{Exit, Fault, Target};

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
    pub garbage: Vec<Published<Garbage>>,
    pub events: Vec<Event>,
    pub dead_letters: Vec<DeadLetter>,
    pub commands: Vec<Command>,
    pub openings: Vec<Opening>,
    /// The lines of the audit.
    #[serde(default)]
    pub audit: Vec<Value>,
    pub tokens: Vec<TokenCount>,
    /// Messages left in postern's queues but the dead letters, after the quiet time.
    pub queues: BTreeMap<String, u32>,
    /// Moments at which everything was stored that had been confirmed in the queue of bookings before.
    pub stored: Vec<Stored>,
    pub faults: Vec<Fault>,
    pub exits: Vec<Exit>,
    /// Not written down: they are long, and lie beside the history.
    #[serde(skip)]
    pub places: Vec<Place>,
    #[serde(skip)]
    pub secrets: Vec<Secret>,
}

/// At `seen_at`, every booking status confirmed before `confirmed_before` had been acknowledged.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Stored {
    pub confirmed_before: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
}

/// What the workers were told to do.
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
    /// The integration of that name.
    pub fn integration(&self, id: &str) -> Option<&Integration> {
        self.integrations.iter().find(|one| one.id == id)
    }

    /// Whether a booking in this status lets anybody in.
    pub fn allows(&self, integration: &Integration, status: &str) -> bool {
        self.open_from.iter().any(|one| one == status)
            || integration.check_in_status.as_deref() == Some(status)
    }

    /// From when on a booking's door opens.
    pub fn opens_at(&self, booking: &Booking) -> DateTime<Utc> {
        booking.starts_at - TimeDelta::minutes(self.minutes_before)
    }

    /// [`Rules::resend_window_seconds`].
    pub fn resend_window(&self) -> TimeDelta {
        TimeDelta::seconds(self.resend_window_seconds)
    }
}

impl History {
    /// Whether a fault of which `is` says yes was at work, or had just been, between two moments.
    ///
    /// A worker that was killed is not at work again before it is ready; that is part of the fault.
    pub fn troubled(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        is: impl Fn(&Fault) -> bool,
    ) -> bool {
        self.faults.iter().any(|fault| is(fault) && fault.from <= until && from <= fault.until)
    }
}
