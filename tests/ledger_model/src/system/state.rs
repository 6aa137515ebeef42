//! The state of the modelled system: Redis, RabbitMQ, the workers, and what really happened.

use super::{history::History, setup::Budget};
use crate::transition::{
    ClaimRequest, ConcludeRequest, LastCommandResult, LoadedRecord, OwnerId, RecordedAnswer,
    ReleaseRequest, RequestRecord, Subject, Time,
};

/// A copy of a request's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageCopy {
    pub subject: Subject,
    pub redelivered: bool,
    /// Whether its headers say that it was parked or replayed.
    pub parked_or_replayed: bool,
    /// The answer that a dead letter carries.
    pub answer: Option<RecordedAnswer>,
}

/// A granted claim, as the worker knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grant {
    pub asked_at: Time,
    pub loaded: LoadedRecord,
    /// Which state of booking and integration it read.
    pub version: u8,
    pub allowed: bool,
    pub paused: bool,
    /// Whether the outcome was recorded before the claim.
    pub answered: bool,
}

/// What a worker does next with its delivery.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// It claims; `repeats`: a claim of this attempt was sent before.
    Claim { repeats: bool },
    /// It applies the rules, and may send a command.
    Decide(Grant),
    /// It waits for the answer to a command.
    AwaitAnswer { grant: Grant, sent_at: Time },
    /// It records an outcome.
    Conclude { answer: RecordedAnswer, dead_lettered: bool },
    /// It publishes the recorded answer.
    Publish { answer: RecordedAnswer, dead_lettered: bool },
    /// It makes the dead letter of a failed request.
    DeadLetter(RecordedAnswer),
    /// It records that the dead letter is made.
    MarkDeadLettered,
    /// It acknowledges its message.
    Acknowledge,
    /// It releases its claim, to requeue or to park the message.
    Release { parks: bool },
    /// It puts the message into a retry queue.
    Enqueue,
    /// It acknowledges the message that it has parked.
    AcknowledgeParked,
    /// It makes the dead letter of a message whose id was used for something else.
    Conflict,
}

/// A delivery that a worker handles.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Task {
    pub message: MessageCopy,
    /// Whether the session of the delivery lasts: otherwise the message is back in its queue.
    pub session: bool,
    pub attempt: u32,
    pub granted: u32,
    /// The commands in doubt that the granted claim left in the record.
    pub doubts: i64,
    pub last: LastCommandResult,
    /// When the first command in doubt was sent, as far as this worker knows.
    pub in_doubt_since: Option<Time>,
    pub step: Step,
}

impl Task {
    pub(super) fn new(message: MessageCopy) -> Self {
        Self {
            message,
            session: true,
            attempt: 0,
            granted: 0,
            doubts: 0,
            last: LastCommandResult::NoneOrUnknown,
            in_doubt_since: None,
            step: Step::Claim { repeats: false },
        }
    }
}

/// A worker process, which handles one delivery at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerState {
    /// Whether its heartbeat in Redis has lasted since its last claim.
    pub heartbeat: bool,
    pub task: Option<Task>,
}

/// An operation that is delayed on its way to Redis. No worker waits for its reply.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LateOperation {
    Claim(ClaimRequest),
    Conclude(ConcludeRequest),
    Release(ReleaseRequest),
}

impl LateOperation {
    pub(super) fn owner(&mut self) -> &mut OwnerId {
        match self {
            Self::Claim(asked) => &mut asked.owner,
            Self::Conclude(asked) => &mut asked.owner,
            Self::Release(asked) => &mut asked.owner,
        }
    }
}

/// The whole system.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct System {
    /// True time, which the workers' clocks show.
    pub clock: Time,
    /// What Redis' clock shows beyond it.
    pub redis_ahead: Time,
    pub record: Option<RequestRecord>,
    /// The record before the last write, where a failover may still lose that write.
    pub before_last_write: Option<Option<RequestRecord>>,
    pub late: Option<LateOperation>,
    /// Messages that wait for a worker, parked ones included.
    pub queue: Vec<MessageCopy>,
    pub dead_letters: Vec<MessageCopy>,
    pub workers: Vec<WorkerState>,
    /// Counts the changes of booking and integration.
    pub version: u8,
    pub changed_at: Time,
    /// Whether the newest state allows the door to open.
    pub allowed: bool,
    pub paused: bool,
    /// What really happened, for each subject.
    pub history: [History; 2],
    pub budget: Budget,
}

impl System {
    /// What Redis' clock shows.
    pub(super) fn redis_now(&self) -> Time {
        self.clock + self.redis_ahead
    }
}
