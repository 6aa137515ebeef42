//! What goes wrong: faults strewn over a run by a seed, each for a bounded time.
//!
//! [`schedule`] says when what happens; [`strike`] does it to a [`crate::stage::Stage`] and undoes it.

pub mod schedule;
mod strike;

use crate::history::Target;
use crate::proxy::Mode;
use std::time::Duration;

/// A fault to come.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    pub at: Duration,
    pub lasts: Duration,
    pub strike: Strike,
}

/// What is done, and to whom.
#[derive(Debug, Clone, PartialEq)]
pub enum Strike {
    /// SIGKILL, and later a new one.
    WorkerKill(usize),
    /// SIGSTOP, and later SIGCONT.
    WorkerFreeze(usize),
    /// SIGTERM, and after its end and a while a new one.
    WorkerStop(usize),
    BrokerKill,
    BrokerFreeze,
    BrokerStop,
    RedisKill,
    RedisFreeze,
    /// The way from one worker, or all, to a server; there is but one to Salto.
    Link(Line, Option<usize>, Mode),
    /// The simulator's fault, as its control API takes it.
    Answer(Answer),
    /// Every access token is void.
    Revoke,
    /// An IQ loses its connection.
    Offline(String),
    /// Salto's clock is off by so many seconds.
    Skew(i64),
    /// Everything in Redis is gone.
    Empty,
}

/// To which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    Broker,
    Redis,
    Salto,
}

/// A fault in what Salto answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub kind: &'static str,
    pub order: serde_json::Value,
}

impl Strike {
    /// Its name in reports and for `--faults`.
    pub fn kind(&self) -> String {
        match self {
            Self::WorkerKill(_) => "worker-kill".to_owned(),
            Self::WorkerFreeze(_) => "worker-freeze".to_owned(),
            Self::WorkerStop(_) => "worker-stop".to_owned(),
            Self::BrokerKill => "broker-kill".to_owned(),
            Self::BrokerFreeze => "broker-freeze".to_owned(),
            Self::BrokerStop => "broker-stop".to_owned(),
            Self::RedisKill => "redis-kill".to_owned(),
            Self::RedisFreeze => "redis-freeze".to_owned(),
            Self::Link(line, _, mode) => {
                let mode = match mode {
                    Mode::Pass => "pass",
                    Mode::Reset => "reset",
                    Mode::BlackHole => "black-hole",
                    Mode::Slow { .. } => "slow",
                    Mode::Refuse => "refuse",
                };
                format!("{}-{mode}", line.name())
            }
            Self::Answer(answer) => answer.kind.to_owned(),
            Self::Revoke => "salto-revoke".to_owned(),
            Self::Offline(_) => "salto-offline".to_owned(),
            Self::Skew(_) => "salto-skew".to_owned(),
            Self::Empty => "redis-empty".to_owned(),
        }
    }

    /// Who is struck.
    pub fn target(&self) -> Target {
        match self {
            Self::WorkerKill(worker) | Self::WorkerFreeze(worker) | Self::WorkerStop(worker) => {
                Target::Worker(*worker)
            }
            Self::BrokerKill | Self::BrokerFreeze | Self::BrokerStop => Target::Broker,
            Self::RedisKill | Self::RedisFreeze => Target::Redis,
            Self::Link(Line::Broker, worker, _) => Target::BrokerLink(*worker),
            Self::Link(Line::Redis, worker, _) => Target::RedisLink(*worker),
            Self::Link(Line::Salto, ..) => Target::SaltoLink,
            Self::Answer(_) | Self::Revoke | Self::Offline(_) | Self::Skew(_) => Target::Salto,
            Self::Empty => Target::Memory,
        }
    }
}

impl Line {
    fn name(self) -> &'static str {
        match self {
            Self::Broker => "broker-link",
            Self::Redis => "redis-link",
            Self::Salto => "salto-link",
        }
    }
}
