//! One simulated request.

use std::time::Duration;

use rules::{Certainty, Delays, Doubt, ResendLimits, RetryDecision, retry_decision};

pub(crate) const LIMITS: ResendLimits =
    ResendLimits { window: Duration::from_secs(5), commands: 3 };
pub(crate) const DELAYS: Delays =
    Delays { base: Duration::from_millis(400), cap: Duration::from_secs(5) };

/// The result of a command.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CommandResult {
    Accepted,
    Refused,
    Unknown { retry_after: Option<Duration> },
    NeverHappened { retry_after: Option<Duration> },
}

/// The circumstances of one attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) result: CommandResult,
    /// From the command to its answer.
    pub(crate) answered_after: Duration,
    /// The jitter of the backoff.
    pub(crate) jitter: f64,
    /// The delay with which the next attempt begins after its wait.
    pub(crate) late: Duration,
    /// A pause of the integration that the answer to another request demanded meanwhile.
    pub(crate) other_pause: Option<Duration>,
}

/// The end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestEnd {
    Opened,
    Refused,
    /// A command in doubt may not be repeated any more.
    InDoubt,
    /// The demanded wait ends too late.
    NoTime,
    Expired,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Command {
    pub(crate) sent_at: Duration,
    /// The number of commands in doubt when it was sent.
    pub(crate) doubts: u32,
    /// The time since the first of them was sent.
    pub(crate) since_first: Duration,
    /// The end of the pause that Salto had demanded.
    pub(crate) paused_until: Duration,
}

#[derive(Debug)]
pub(crate) struct SimulatedRequest {
    pub(crate) expires_at: Duration,
    pub(crate) now: Duration,
    pub(crate) failures: u32,
    pub(crate) doubts: u32,
    pub(crate) first_doubt_at: Duration,
    pub(crate) paused_until: Duration,
    pub(crate) commands: Vec<Command>,
    pub(crate) waits: Vec<Duration>,
    pub(crate) refused: u32,
}

impl SimulatedRequest {
    pub(crate) fn new(expires_at: Duration) -> Self {
        Self {
            expires_at,
            now: Duration::ZERO,
            failures: 0,
            doubts: 0,
            first_doubt_at: Duration::ZERO,
            paused_until: Duration::ZERO,
            commands: Vec::new(),
            waits: Vec::new(),
            refused: 0,
        }
    }

    fn remaining(&self) -> Duration {
        self.expires_at.saturating_sub(self.now)
    }

    fn doubt(&self) -> Doubt {
        let since_first =
            if self.doubts == 0 { Duration::ZERO } else { self.now - self.first_doubt_at };
        Doubt { commands: self.doubts, since_first }
    }

    /// One attempt: at most one command, and the retry decision.
    pub(crate) fn attempt(&mut self, attempt: Attempt) -> Option<RequestEnd> {
        if let Some(pause) = attempt.other_pause {
            self.paused_until = self.paused_until.max(self.now + pause);
        }
        if self.remaining().is_zero() {
            return Some(RequestEnd::Expired);
        }
        if !LIMITS.allow(self.doubt(), Duration::ZERO) {
            return Some(RequestEnd::InDoubt);
        }
        let pause = self.paused_until.saturating_sub(self.now);
        let (certainty, retry_after) = if pause.is_zero() {
            match self.command(attempt)? {
                CommandResult::Accepted => return Some(RequestEnd::Opened),
                CommandResult::Refused => (Certainty::Refused, None),
                CommandResult::Unknown { retry_after } => (Certainty::Unknown, retry_after),
                CommandResult::NeverHappened { retry_after } => {
                    (Certainty::NeverHappened, retry_after)
                }
            }
        } else {
            (Certainty::NeverHappened, Some(pause))
        };
        if let Some(wait) = retry_after {
            self.paused_until = self.paused_until.max(self.now + wait);
        }
        self.failures += 1;
        let backoff = DELAYS.wait_within(self.failures, attempt.jitter, self.remaining());
        let wait = backoff.max(retry_after.unwrap_or_default());
        match retry_decision(certainty, self.doubt(), LIMITS, wait, self.remaining()) {
            RetryDecision::Retry(wait) => {
                self.waits.push(wait);
                self.now += wait + attempt.late;
                None
            }
            RetryDecision::GiveUp if certainty == Certainty::Refused => Some(RequestEnd::Refused),
            RetryDecision::GiveUp if wait >= self.remaining() => Some(RequestEnd::NoTime),
            RetryDecision::GiveUp => {
                assert!(!LIMITS.allow(self.doubt(), wait), "given up too early: {self:?}");
                Some(RequestEnd::InDoubt)
            }
        }
    }

    fn command(&mut self, attempt: Attempt) -> Option<CommandResult> {
        let Doubt { commands, since_first } = self.doubt();
        self.commands.push(Command {
            sent_at: self.now,
            doubts: commands,
            since_first,
            paused_until: self.paused_until,
        });
        if let CommandResult::Unknown { .. } = attempt.result {
            if self.doubts == 0 {
                self.first_doubt_at = self.now;
            }
            self.doubts += 1;
        }
        self.refused += u32::from(matches!(attempt.result, CommandResult::Refused));
        self.now += attempt.answered_after;
        Some(attempt.result)
    }
}
