//! The records of what happened: commands, openings, mails, digital keys, counts, and the event log
//! of the sites.

mod command;
mod effects;
mod entry;
mod log;
mod new_record;
mod timestamp;

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

pub(crate) use self::command::{Command, CommandResult};
pub(crate) use self::effects::{DigitalKey, Mail, Opening};
pub(crate) use self::entry::{Entry, EntryCategory};
pub(crate) use self::log::Log;
pub(crate) use self::new_record::NewRecord;
use crate::faults::CallKind;

#[derive(Default)]
pub(crate) struct Records {
    pub(crate) commands: Log<Command>,
    pub(crate) openings: Log<Opening>,
    pub(crate) mails: Log<Mail>,
    pub(crate) digital_keys: Log<DigitalKey>,
    /// By site, oldest first.
    pub(crate) entries: HashMap<Uuid, Vec<Entry>>,
    pub(crate) calls: BTreeMap<CallKind, u64>,
    pub(crate) tokens: BTreeMap<TokenRequester, TokenCount>,
    /// The number of spent refresh tokens, codes and access codes that were presented again.
    pub(crate) reused: u64,
}

/// What token requests are counted by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TokenRequester {
    pub(crate) grant_type: &'static str,
    /// Empty where the user is not known.
    pub(crate) username: String,
}

/// The number of token requests, by their result.
#[derive(Clone, Copy, Default)]
pub(crate) struct TokenCount {
    pub(crate) granted: u64,
    pub(crate) denied: u64,
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
