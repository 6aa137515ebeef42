//! What was done to the parties meanwhile.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A fault, from its first effect until all was as before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// As `worker-kill`.
    pub kind: String,
    pub target: Target,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// The longest that it keeps a single message on its way, in milliseconds.
    pub delay_ms: u64,
    /// What a refused caller was told to wait, in seconds.
    pub retry_after: Option<u64>,
    /// How many token answers it may have swallowed.
    pub lost_grants: u64,
}

/// Who was struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    Worker(usize),
    Broker,
    Redis,
    /// The way from one worker, or all, to the broker.
    BrokerLink(Option<usize>),
    RedisLink(Option<usize>),
    SaltoLink,
    /// What Salto answers.
    Salto,
    /// Everything that was stored is gone.
    Memory,
}

impl Target {
    /// Whether it can make a worker take a message twice, or forget half-way what it did.
    pub fn breaks_messages(self) -> bool {
        match self {
            Self::Worker(_)
            | Self::Broker
            | Self::Redis
            | Self::BrokerLink(_)
            | Self::RedisLink(_)
            | Self::Memory => true,
            Self::SaltoLink | Self::Salto => false,
        }
    }
}

/// A worker that was asked to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    pub worker: usize,
    pub asked_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
    /// None where a signal ended it.
    pub status: Option<i32>,
    /// Whether it was asked at all.
    pub asked: bool,
}
