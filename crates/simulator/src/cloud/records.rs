//! What happened: commands, openings, mails, counts, and the event log that Salto shows.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use super::log::Log;
use crate::connect::Verdict;
use crate::faults::{CallKind, FaultKind};

/// A command to open, whatever came of it.
#[derive(Clone, Serialize)]
pub(crate) struct Command {
    /// By the machine's clock.
    #[serde(serialize_with = "micros")]
    pub(crate) received_at: DateTime<Utc>,
    /// As far as it was a UUID.
    pub(crate) lock_id: Option<Uuid>,
    /// The door's name, of a lock that exists.
    pub(crate) lock: Option<Arc<str>>,
    /// The lock's IQ, of a lock that exists.
    pub(crate) iq_id: Option<Uuid>,
    /// As far as the token was valid.
    pub(crate) username: Option<Arc<str>>,
    pub(crate) verdict: Verdict,
    /// The status on the wire; none where a fault let no answer out.
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<FaultKind>,
}

/// A door that opened.
#[derive(Clone, Serialize)]
pub(crate) struct Opening {
    /// By the machine's clock.
    #[serde(serialize_with = "micros")]
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) lock_id: Uuid,
    pub(crate) lock: Arc<str>,
    pub(crate) iq_id: Uuid,
    pub(crate) site_id: Uuid,
    pub(crate) username: Arc<str>,
    pub(crate) access_by: &'static str,
    /// The number of the command that did it.
    pub(crate) command_seq: u64,
    pub(crate) open_seconds: u32,
}

/// A mail with a PIN.
#[derive(Clone, Serialize)]
pub(crate) struct Mail {
    #[serde(serialize_with = "micros")]
    pub(crate) sent_at: DateTime<Utc>,
    pub(crate) to: Arc<str>,
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
    /// The pod member whose access code it was.
    pub(crate) invited_by: Arc<str>,
    /// The body that it was asked for with.
    pub(crate) request: Value,
}

/// A line of the event log at the site.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) category: EntryCategory,
    /// By the simulator's clock.
    pub(crate) time: DateTime<Utc>,
    pub(crate) lock_id: Uuid,
    pub(crate) username: Arc<str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EntryCategory {
    LockOpened,
    LockRejected,
}

/// How often tokens were asked for, by grant and user.
#[derive(Clone, Copy, Default)]
pub(crate) struct TokenCount {
    pub(crate) granted: u64,
    pub(crate) denied: u64,
}

#[derive(Default)]
pub(crate) struct Records {
    pub(crate) commands: Log<Command>,
    pub(crate) openings: Log<Opening>,
    pub(crate) mails: Log<Mail>,
    pub(crate) digital_keys: Log<DigitalKey>,
    /// By site, oldest first.
    pub(crate) entries: HashMap<Uuid, Vec<Entry>>,
    pub(crate) calls: BTreeMap<CallKind, u64>,
    pub(crate) tokens: BTreeMap<(&'static str, String), TokenCount>,
    /// Refresh tokens, codes and access codes that were presented once more after they were spent.
    pub(crate) reused: u64,
}

impl Records {
    pub(crate) fn clear(&mut self) {
        self.commands.clear();
        self.openings.clear();
        self.mails.clear();
        self.digital_keys.clear();
        self.entries.clear();
        self.calls.clear();
        self.tokens.clear();
        self.reused = 0;
    }
}

fn micros<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
}
