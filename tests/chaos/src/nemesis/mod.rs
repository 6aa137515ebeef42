//! The faults of a run: a seed determines their times, each lasts for a bounded time.
//!
//! [`schedule`] plans them; `inject` injects them into a [`crate::system::SystemUnderTest`] and ends them.

mod inject;
mod random_fault;
pub mod schedule;

use crate::history::Target;
use crate::proxy::Mode;
use std::time::Duration;

/// A fault that will be injected.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedFault {
    pub at: Duration,
    pub lasts: Duration,
    pub action: FaultAction,
}

/// What a fault does, and to which process, link or answer.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultAction {
    /// SIGKILL; later a new worker starts.
    WorkerKill(usize),
    /// SIGSTOP, later SIGCONT.
    WorkerFreeze(usize),
    /// SIGTERM; some time after its end a new worker starts.
    WorkerStop(usize),
    BrokerKill,
    BrokerFreeze,
    BrokerStop,
    RedisKill,
    RedisFreeze,
    /// The memory alarm of RabbitMQ: it blocks publishers.
    BrokerAlarm,
    /// Replies of Redis to one worker, or to all, are lost after the command was applied, with the connection: in each
    /// connection after this number of replies.
    RedisReplies(Option<usize>, u32),
    /// The queue of the program that receives postern's events gets a part of them, or none.
    OutboundBinding(Bound),
    /// All dead letters are replayed, with the command for operators.
    DlqReplay,
    /// The link from one worker, or from all, to a server; all workers share the link to Salto.
    Link(LinkTarget, Option<usize>, Mode),
    /// A fault of the simulator, in the form of its control API.
    Answer(AnswerFault),
    /// Every access token is revoked.
    Revoke,
    /// An IQ loses its connection.
    Offline(String),
    /// Salto's clock is wrong by this number of seconds.
    Skew(i64),
    /// Everything in Redis is deleted.
    EmptyRedis,
}

/// The events for which the queue of the receiving program is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Answers to requests alone: check-ins and notices are returned to postern.
    Answers,
    Nothing,
}

/// The server at the other end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkTarget {
    Broker,
    Redis,
    Salto,
}

/// A fault in Salto's answers.
#[derive(Debug, Clone, PartialEq)]
pub struct AnswerFault {
    pub kind: &'static str,
    pub request: serde_json::Value,
}

impl FaultAction {
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
            Self::BrokerAlarm => "broker-alarm".to_owned(),
            Self::RedisReplies(..) => "redis-replies".to_owned(),
            Self::OutboundBinding(_) => "outbound-binding".to_owned(),
            Self::DlqReplay => "dlq-replay".to_owned(),
            Self::Link(target, _, mode) => {
                let mode = match mode {
                    Mode::Pass => "pass",
                    Mode::Reset => "reset",
                    Mode::BlackHole => "black-hole",
                    Mode::Slow { .. } => "slow",
                    Mode::Refuse => "refuse",
                    Mode::LoseReplies { .. } => "replies",
                };
                format!("{}-{mode}", target.name())
            }
            Self::Answer(answer) => answer.kind.to_owned(),
            Self::Revoke => "salto-revoke".to_owned(),
            Self::Offline(_) => "salto-offline".to_owned(),
            Self::Skew(_) => "salto-skew".to_owned(),
            Self::EmptyRedis => "redis-empty".to_owned(),
        }
    }

    /// What it affects.
    pub fn target(&self) -> Target {
        match self {
            Self::WorkerKill(worker) | Self::WorkerFreeze(worker) | Self::WorkerStop(worker) => {
                Target::Worker(*worker)
            }
            Self::BrokerKill | Self::BrokerFreeze | Self::BrokerStop | Self::BrokerAlarm => {
                Target::Broker
            }
            Self::RedisKill | Self::RedisFreeze => Target::Redis,
            Self::RedisReplies(worker, _) => Target::RedisLink(*worker),
            Self::OutboundBinding(_) => Target::OutboundBinding,
            Self::DlqReplay => Target::DeadLetters,
            Self::Link(LinkTarget::Broker, worker, _) => Target::BrokerLink(*worker),
            Self::Link(LinkTarget::Redis, worker, _) => Target::RedisLink(*worker),
            Self::Link(LinkTarget::Salto, ..) => Target::SaltoLink,
            Self::Answer(_) | Self::Revoke | Self::Offline(_) | Self::Skew(_) => Target::Salto,
            Self::EmptyRedis => Target::RedisData,
        }
    }
}

impl LinkTarget {
    fn name(self) -> &'static str {
        match self {
            Self::Broker => "broker-link",
            Self::Redis => "redis-link",
            Self::Salto => "salto-link",
        }
    }
}
