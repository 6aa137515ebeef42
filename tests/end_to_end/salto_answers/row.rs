//! A row of the table: faults and changes, and the expected result.

use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// The expected end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Opened, according to Salto's answer.
    Opened,
    /// Opened, according to Salto's entry log, not to its answer.
    OpenedByLog,
    /// Failed for this reason.
    Failed(&'static str),
    /// Failed for one of two reasons: the worker may have met the fault before, when it read the list of IQs.
    FailedEither(&'static str, &'static str),
}

/// A change at Salto before the request.
#[derive(Debug, Clone)]
pub enum Change {
    Iq(Value),
    Account(Value),
    /// Of the row's lock.
    Lock(Value),
    /// The account's tokens are revoked.
    RevokeTokens,
    /// The account is blocked at the IQ after wrong one-time passwords of another program.
    BlockOtp,
}

/// A row of the table.
#[derive(Debug, Clone)]
pub struct Row {
    pub what: String,
    /// Limited to the row's lock or account when they are added.
    pub faults: Vec<Value>,
    pub changes: Vec<Change>,
    /// Whether the worker has no token and no list of locks before the request.
    pub cold: bool,
    /// The number of rows of this kind that can share an IQ and an account without affecting each other.
    pub rows_per_site: usize,
    pub end: End,
    pub commands: RangeInclusive<usize>,
    pub openings: RangeInclusive<usize>,
    /// The least number of seconds between the first two commands.
    pub apart: u64,
}

/// Exactly once.
pub const ONCE: RangeInclusive<usize> = 1..=1;
/// Never.
pub const NONE: RangeInclusive<usize> = 0..=0;
/// Repeatedly until the expiry; the number depends on the random backoff.
pub const UNTIL_EXPIRY: RangeInclusive<usize> = 2..=40;
/// Refused by the IQ with an unknown code.
pub const THREE_TIMES: RangeInclusive<usize> = 3..=3;
/// In doubt: within the resend window, at most three times.
pub const IN_DOUBT: RangeInclusive<usize> = 2..=3;

impl End {
    /// The failed reasons with which it may end.
    pub fn reasons(&self) -> Vec<&'static str> {
        match *self {
            Self::Opened | Self::OpenedByLog => Vec::new(),
            Self::Failed(reason) => vec![reason],
            Self::FailedEither(one, other) => vec![one, other],
        }
    }
}

impl Row {
    /// A row without a command.
    pub fn new(what: impl Into<String>, end: End) -> Self {
        Self {
            what: what.into(),
            faults: Vec::new(),
            changes: Vec::new(),
            cold: false,
            rows_per_site: 1,
            end,
            commands: NONE,
            openings: NONE,
            apart: 0,
        }
    }

    /// A row with a fault of this kind of call.
    pub fn under(call: &str, mut fault: Value, end: End) -> Self {
        fault["call"] = call.into();
        let mut row = Self::new(fault.to_string(), end);
        row.faults.push(fault);
        row
    }

    /// With this number of commands that arrive at Salto.
    pub fn commands(mut self, commands: RangeInclusive<usize>) -> Self {
        self.commands = commands;
        self
    }

    /// With this number of openings of the door.
    pub fn openings(mut self, openings: RangeInclusive<usize>) -> Self {
        self.openings = openings;
        self
    }

    pub fn cold(mut self) -> Self {
        self.cold = true;
        self
    }

    /// Is opened or refused without further effect: four rows can share an IQ.
    pub fn four_per_site(mut self) -> Self {
        self.rows_per_site = 4;
        self
    }

    /// Fails a few times: two rows can share an IQ without opening the circuit breaker.
    pub fn two_per_site(mut self) -> Self {
        self.rows_per_site = 2;
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

    /// With another fault.
    pub fn and_under(mut self, call: &str, mut fault: Value) -> Self {
        fault["call"] = call.into();
        self.what = format!("{} and {fault}", self.what);
        self.faults.push(fault);
        self
    }
}

/// A fault that replaces the answer by one with this status.
pub fn status(status: u16) -> Value {
    json!({"kind": "status", "status": status})
}

/// The same with Salto's error body, or OAuth's in an answer of the identity host.
pub fn error(status: u16, code: impl Into<Value>, message: &str) -> Value {
    json!({"kind": "status", "status": status, "error_code": code.into(), "message": message})
}

/// A fault with additional members.
pub fn with(mut fault: Value, members: &Value) -> Value {
    let members = members.as_object().expect("members are an object");
    for (name, value) in members {
        fault[name] = value.clone();
    }
    fault
}
