//! A row of the table: what strikes, and what must come of it.

use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Opened: Salto said so.
    Opened,
    /// Opened: Salto did not say so, and its entry log did.
    OpenedByLog,
    /// Failed, for this reason.
    Failed(&'static str),
    /// Failed, for one of two: the worker's look at the IQs may have met the fault before.
    FailedEither(&'static str, &'static str),
}

/// What is changed at Salto before the request.
#[derive(Debug, Clone)]
pub enum Change {
    Iq(Value),
    Account(Value),
    /// The account's tokens are good no more.
    RevokeTokens,
    /// Somebody else's wrong one-time passwords have the account blocked at the IQ.
    BlockOtp,
}

/// One case.
#[derive(Debug, Clone)]
pub struct Row {
    pub what: String,
    /// Bound to the row's lock or account when they are switched on.
    pub faults: Vec<Value>,
    pub changes: Vec<Change>,
    /// Whether the worker has yet to get a token and the list of locks.
    pub cold: bool,
    /// How many rows of this kind may share an IQ and an account: those that leave little behind for the next.
    pub company: usize,
    pub end: End,
    pub commands: RangeInclusive<usize>,
    pub openings: RangeInclusive<usize>,
    /// Seconds between the first two commands, at least.
    pub apart: u64,
}

/// Once, and no more.
pub const ONCE: RangeInclusive<usize> = 1..=1;
/// Never.
pub const NONE: RangeInclusive<usize> = 0..=0;
/// Again and again until the expiry; backoff leaves much to chance.
pub const UNTIL_EXPIRY: RangeInclusive<usize> = 2..=40;
/// In doubt, within the resend window: at most three times.
pub const IN_DOUBT: RangeInclusive<usize> = 2..=3;

impl Row {
    /// A row without a command.
    pub fn new(what: impl Into<String>, end: End) -> Self {
        Self {
            what: what.into(),
            faults: Vec::new(),
            changes: Vec::new(),
            cold: false,
            company: 1,
            end,
            commands: NONE,
            openings: NONE,
            apart: 0,
        }
    }

    /// A row whose fault strikes this kind of call.
    pub fn under(call: &str, mut fault: Value, end: End) -> Self {
        fault["call"] = call.into();
        let mut row = Self::new(fault.to_string(), end);
        row.faults.push(fault);
        row
    }

    /// With so many commands that arrive at Salto.
    pub fn commands(mut self, commands: RangeInclusive<usize>) -> Self {
        self.commands = commands;
        self
    }

    /// With so many openings of the door.
    pub fn openings(mut self, openings: RangeInclusive<usize>) -> Self {
        self.openings = openings;
        self
    }

    pub fn cold(mut self) -> Self {
        self.cold = true;
        self
    }

    /// Opens or is refused, and that is all: four at an IQ are not in each other's way.
    pub fn calm(mut self) -> Self {
        self.company = 4;
        self
    }

    /// Fails a few times: two of them make no breaker trip.
    pub fn in_pairs(mut self) -> Self {
        self.company = 2;
        self
    }

    pub fn apart(mut self, seconds: u64) -> Self {
        self.apart = seconds;
        self
    }

    pub fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// With one more fault.
    pub fn and_under(mut self, call: &str, mut fault: Value) -> Self {
        fault["call"] = call.into();
        self.what = format!("{} and {fault}", self.what);
        self.faults.push(fault);
        self
    }
}

/// An answer in place of the real one.
pub fn status(status: u16) -> Value {
    json!({"kind": "status", "status": status})
}

/// An answer with Salto's error body; to the identity host, OAuth's.
pub fn error(status: u16, code: impl Into<Value>, message: &str) -> Value {
    json!({"kind": "status", "status": status, "error_code": code.into(), "message": message})
}

/// The same with more members.
pub fn with(mut fault: Value, members: &Value) -> Value {
    let members = members.as_object().expect("members are an object");
    for (name, value) in members {
        fault[name] = value.clone();
    }
    fault
}
