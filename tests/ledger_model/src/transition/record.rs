//! The record of a request, and what is said about it.

/// A time in milliseconds in Redis, in ticks in the model.
pub type Time = i64;

/// One delivery's claim on a request has an id of its own.
pub type OwnerId = u8;

/// What a request is about: integration, booking and object.
pub type Subject = u8;

/// A worker process, which has a heartbeat.
pub type ProcessId = u8;

/// The time since a command in doubt where Redis' clock was set back to before that command.
pub const LONGER_THAN_ANY_LIMIT: Time = 2_147_483_647;

/// The kinds of answers to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AnswerKind {
    /// Salto accepted a command, or its log shows the opening.
    Opened,
    /// The rules say no, and no command took effect.
    Rejected,
    /// The door could not be opened, and no command took effect.
    Failed,
    /// A command is in doubt and may not be repeated.
    OutcomeUnknown,
}

/// A terminal event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordedAnswer {
    /// What it says.
    pub kind: AnswerKind,
    /// The commands written, as the answer gives them.
    pub attempts: i64,
}

/// Whether a claim reserved a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reserved {
    /// It did: the command counts as written.
    Yes,
    /// It did not: none was planned, or none may be sent now.
    No,
    /// It did not: too many commands are in flight.
    Full,
}

/// What became of the last command that an owner reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LastCommandResult {
    /// There was none, or its outcome is unknown.
    NoneOrUnknown,
    /// It was never written.
    NotSent,
    /// It was written, and Salto answered that it had no effect.
    NoEffect,
}

/// Who has the claim: the fields `owner`, `until`, `alive`, `round`, `announced` and `slot`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimHolder {
    pub owner: OwnerId,
    /// The end of the lease, by Redis' clock.
    pub until: Time,
    /// Whose heartbeat must last where the message was redelivered.
    pub process: ProcessId,
    pub attempt: u32,
    pub reserved: Reserved,
    /// Whether the commands in flight contain one of this owner.
    pub in_flight: bool,
}

/// When the first of the commands in doubt was reserved: the fields `doubt_at` and `doubt_seen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FirstDoubt {
    /// By Redis' clock.
    pub at: Time,
    /// By the clock of the worker that reserved it.
    pub seen: Time,
}

/// The record of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestRecord {
    pub subject: Subject,
    pub holder: Option<ClaimHolder>,
    /// The owners that have released it, in their order as numbers.
    pub released: Vec<OwnerId>,
    /// When it was first claimed, by the worker's clock. None where only an outcome was recorded.
    pub taken_at: Option<Time>,
    /// Commands written, the reserved one included.
    pub attempts: i64,
    /// Those of them that may have opened the door.
    pub doubts: i64,
    pub first_doubt: Option<FirstDoubt>,
    /// Failed attempts, as the last release gave them.
    pub failures: u32,
    /// No command is reserved before this time, by Redis' clock.
    pub not_before: Time,
    pub rehearsal: bool,
    pub terminal: Option<RecordedAnswer>,
    pub dead_lettered: bool,
    pub terminal_published: bool,
    /// By Redis' clock.
    pub expires_at: Time,
}

impl RequestRecord {
    pub(crate) fn new(subject: Subject, expires_at: Time) -> Self {
        Self {
            subject,
            holder: None,
            released: Vec::new(),
            taken_at: None,
            attempts: 0,
            doubts: 0,
            first_doubt: None,
            failures: 0,
            not_before: 0,
            rehearsal: false,
            terminal: None,
            dead_lettered: false,
            terminal_published: false,
            expires_at,
        }
    }

    pub(super) fn is_held_by(&self, owner: OwnerId) -> bool {
        self.holder.as_ref().is_some_and(|holder| holder.owner == owner)
    }

    /// Corrects the counters by what became of the last reserved command.
    pub(super) fn correct(&mut self, result: CountedResult) {
        match result {
            CountedResult::InDoubt => return,
            CountedResult::NotSent => self.attempts -= 1,
            CountedResult::NoEffect => {}
        }
        self.doubts -= 1;
        if self.doubts == 0 {
            self.first_doubt = None;
        }
    }
}

/// What became of a reserved command, as the counters have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CountedResult {
    InDoubt,
    NotSent,
    NoEffect,
}

impl From<LastCommandResult> for CountedResult {
    fn from(last: LastCommandResult) -> Self {
        match last {
            LastCommandResult::NoneOrUnknown => Self::InDoubt,
            LastCommandResult::NotSent => Self::NotSent,
            LastCommandResult::NoEffect => Self::NoEffect,
        }
    }
}
