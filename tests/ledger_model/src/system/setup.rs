//! What a run of the checker covers: how many workers, for how long, and how many faults.

use std::time::Duration;

use rules::ResendLimits;

use crate::{
    rule_set::RuleSet,
    transition::{Retention, Time},
};

/// How long a claim lasts.
pub const LEASE: Time = 2;

/// The oldest state that a command may rest on.
pub const FRESHNESS: Time = 0;

/// When the request expires.
pub const EXPIRY: Time = 3;

/// Limits for repeating a command in doubt, a second for a tick.
pub const RESEND: ResendLimits = ResendLimits { window: Duration::from_secs(2), commands: 3 };

/// Records of settled requests expire within a run, others do not: the copies of a message are handled
/// within a day, or carry its answer.
pub const RETENTION: Retention = Retention { settled: 1, perhaps_copied: 1_000, unsettled: 1_000 };

/// How much of each kind may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Budget {
    /// Lost replies and sessions, late operations, crashes, heartbeats that lapse.
    pub faults: u8,
    /// Requests that are parked.
    pub parks: u8,
    /// Attempts after one without a command, or after one that had no effect.
    pub retries: u8,
    /// Dead letters that are replayed.
    pub replays: u8,
    /// Changes of the booking or the integration.
    pub changes: u8,
    /// Pauses that begin or end.
    pub pauses: u8,
    /// Steps of Redis' clock.
    pub clock_steps: u8,
    /// Failovers that lose the last write.
    pub failovers: u8,
}

/// One run of the checker.
#[derive(Debug, Clone)]
pub struct Setup {
    pub rules: RuleSet,
    pub workers: usize,
    /// The last tick.
    pub horizon: Time,
    /// Whether a second request has the same id and is about something else.
    pub conflict: bool,
    pub budget: Budget,
    /// Whether each state is checked for an answer that is still possible.
    pub liveness: bool,
}
