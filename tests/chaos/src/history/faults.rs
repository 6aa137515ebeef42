//! Faults that were injected during the run, and the ends of workers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A fault, from its first effect until everything worked as before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The name of its kind, as `worker-kill`.
    pub kind: String,
    pub target: Target,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// The longest delay of a single message that it can cause, in milliseconds.
    pub delay_ms: u64,
    /// The `Retry-After` of its answers, in seconds.
    pub retry_after: Option<u64>,
    /// How many answers to token requests may have been lost.
    pub lost_grants: u64,
}

/// What was affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    Worker(usize),
    Broker,
    Redis,
    /// The connections from one worker, or from all, to the broker.
    BrokerLink(Option<usize>),
    RedisLink(Option<usize>),
    SaltoLink,
    /// Salto's answers.
    Salto,
    /// Everything that Redis had stored is deleted.
    RedisData,
    /// The queue of the program that receives postern's events.
    OutboundBinding,
    /// The queue of dead letters: they are replayed.
    DeadLetters,
}

impl Target {
    /// Whether it can make a worker take a message twice, or lose a part of its work.
    pub fn breaks_messages(self) -> bool {
        match self {
            Self::Worker(_)
            | Self::Broker
            | Self::Redis
            | Self::BrokerLink(_)
            | Self::RedisLink(_)
            | Self::RedisData => true,
            Self::SaltoLink | Self::Salto | Self::OutboundBinding | Self::DeadLetters => false,
        }
    }
}

/// The end of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    pub worker: usize,
    pub asked_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
    /// None if a signal ended it.
    pub status: Option<i32>,
    /// Whether it was asked to stop.
    pub asked: bool,
}
