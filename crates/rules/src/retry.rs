//! The retry decision: whether another open command is sent after one that was not accepted.
//!
//! An opened door cannot be undone, so the decision rests on whether the command could have taken
//! effect, and not on what went wrong (`docs/contract.md`, invariant 3).

use std::time::Duration;

/// Whether a command that was not accepted could have opened the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// It certainly did not: it was not sent, or Salto answered that it was not carried out.
    NeverHappened,
    /// It may have: it was sent, and no answer shows the result.
    Unknown,
    /// Salto refused it, and it must not be sent again.
    Refused,
}

/// The commands sent for a request whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Doubt {
    /// Their number; 0 where no outcome is unknown.
    pub commands: u32,
    /// Time since the first of them was sent.
    pub since_first: Duration,
}

/// Limits for repeating a command with an unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResendLimits {
    /// Time after the first sending within which another command only prolongs the same opening.
    pub window: Duration,
    /// Maximum number of commands in doubt, the first one included.
    pub commands: u32,
}

impl ResendLimits {
    /// Whether another command may be sent after `wait`, given the commands in doubt.
    #[must_use]
    pub fn allow(&self, doubt: Doubt, wait: Duration) -> bool {
        doubt.commands == 0
            || (doubt.commands < self.commands
                && doubt.since_first.saturating_add(wait) < self.window)
    }
}

/// What is done with a request after a command that was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// Another command is sent after this wait, which ends before the request expires.
    Retry(Duration),
    /// No other command may be sent, or it could not succeed.
    GiveUp,
}

/// Decides whether another command is sent, where `remaining` is the time until the request expires.
///
/// `doubt` includes the command just sent if its outcome is unknown. `wait` is the wait that the
/// backoff or Salto's `Retry-After` demands.
#[must_use]
pub fn retry_decision(
    certainty: Certainty,
    doubt: Doubt,
    limits: ResendLimits,
    wait: Duration,
    remaining: Duration,
) -> RetryDecision {
    match certainty {
        Certainty::Refused => RetryDecision::GiveUp,
        Certainty::NeverHappened | Certainty::Unknown => {
            if wait < remaining && limits.allow(doubt, wait) {
                RetryDecision::Retry(wait)
            } else {
                RetryDecision::GiveUp
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: ResendLimits = ResendLimits { window: Duration::from_secs(5), commands: 3 };
    const NO_DOUBT: Doubt = Doubt { commands: 0, since_first: Duration::ZERO };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_command_that_never_happened_is_retried_until_expiry() {
        let decision = |wait, remaining| {
            retry_decision(
                Certainty::NeverHappened,
                NO_DOUBT,
                LIMITS,
                seconds(wait),
                seconds(remaining),
            )
        };
        assert_eq!(decision(59, 60), RetryDecision::Retry(seconds(59)));
        assert_eq!(decision(60, 60), RetryDecision::GiveUp);
    }

    #[test]
    fn a_refused_command_is_not_retried() {
        let decision =
            retry_decision(Certainty::Refused, NO_DOUBT, LIMITS, seconds(0), seconds(60));
        assert_eq!(decision, RetryDecision::GiveUp);
    }

    #[test]
    fn an_unknown_outcome_is_repeated_within_the_resend_window_only() {
        let decision = |since_first, wait| {
            let doubt = Doubt { commands: 1, since_first: seconds(since_first) };
            retry_decision(Certainty::Unknown, doubt, LIMITS, seconds(wait), seconds(60))
        };
        assert_eq!(decision(3, 1), RetryDecision::Retry(seconds(1)));
        assert_eq!(decision(4, 1), RetryDecision::GiveUp);
    }

    #[test]
    fn an_unknown_outcome_is_sent_three_times_at_most() {
        let decision = |commands| {
            let doubt = Doubt { commands, since_first: seconds(0) };
            retry_decision(Certainty::Unknown, doubt, LIMITS, seconds(0), seconds(60))
        };
        assert_eq!(decision(2), RetryDecision::Retry(seconds(0)));
        assert_eq!(decision(3), RetryDecision::GiveUp);
    }

    #[test]
    fn a_resend_window_of_zero_allows_no_repetition() {
        let limits = ResendLimits { window: Duration::ZERO, ..LIMITS };
        let doubt = Doubt { commands: 1, since_first: Duration::ZERO };
        let decision =
            retry_decision(Certainty::Unknown, doubt, limits, Duration::ZERO, seconds(60));
        assert_eq!(decision, RetryDecision::GiveUp);
    }

    #[test]
    fn doubt_remains_after_a_later_command_that_never_happened() {
        let doubt = Doubt { commands: 1, since_first: seconds(2) };
        let decision = |wait| {
            retry_decision(Certainty::NeverHappened, doubt, LIMITS, seconds(wait), seconds(60))
        };
        assert_eq!(decision(1), RetryDecision::Retry(seconds(1)));
        assert_eq!(decision(10), RetryDecision::GiveUp);
    }

    proptest! {
        #[test]
        fn no_retry_reaches_the_expiry_or_leaves_the_resend_window(
            certainty in prop::sample::select(vec![
                Certainty::NeverHappened, Certainty::Unknown, Certainty::Refused
            ]),
            commands in 0u32..5,
            since_first in 0u64..10_000,
            wait in 0u64..100_000,
            remaining in 0u64..100_000,
        ) {
            let doubt = Doubt { commands, since_first: Duration::from_millis(since_first) };
            let (wait, remaining) = (Duration::from_millis(wait), Duration::from_millis(remaining));
            let decision = retry_decision(certainty, doubt, LIMITS, wait, remaining);
            if let RetryDecision::Retry(after) = decision {
                prop_assert_eq!(after, wait, "a Retry-After is never cut short");
                prop_assert!(after < remaining);
                prop_assert!(certainty != Certainty::Refused);
                if commands > 0 {
                    prop_assert!(commands < 3 && doubt.since_first + after < LIMITS.window);
                }
            }
        }
    }
}
