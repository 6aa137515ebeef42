//! What follows from an open command that did not open the door.
//!
//! A door is a physical side effect: what matters is not what went wrong, but whether the command
//! could have taken effect.

use std::time::Duration;

/// Whether a command that was not accepted could have opened the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// It certainly did not: it never left, or Salto said that it was not done.
    NeverHappened,
    /// It may have: it left and no answer says what came of it.
    Unknown,
    /// Salto refused it for good: trying again does not help, or must not be done.
    Refused,
}

/// The commands sent for a request whose outcome nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Doubt {
    /// How many; 0 is no doubt.
    pub commands: u32,
    /// How long ago the first of them left.
    pub since_first: Duration,
}

/// How far a command with an unknown outcome may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResendLimits {
    /// For how long after the first sending another one can but prolong the same opening.
    pub window: Duration,
    /// Commands in doubt at most, the first one included.
    pub commands: u32,
}

impl ResendLimits {
    /// Whether a command may be sent after `wait` from now, in spite of those in doubt.
    #[must_use]
    pub fn allow(&self, doubt: Doubt, wait: Duration) -> bool {
        doubt.commands == 0
            || (doubt.commands < self.commands
                && doubt.since_first.saturating_add(wait) < self.window)
    }
}

/// What to do with a request after a command that was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again after this wait; it ends before the request expires.
    Retry(Duration),
    /// Trying again cannot help, or may not be done any more.
    GiveUp,
}

/// What follows, when `remaining` is the time to the request's expiry.
///
/// `doubt` counts the command just sent where its outcome is unknown. `wait` is the wait that
/// backoff or Salto's `Retry-After` asks for.
#[must_use]
pub fn after(
    certainty: Certainty,
    doubt: Doubt,
    limits: ResendLimits,
    wait: Duration,
    remaining: Duration,
) -> Next {
    match certainty {
        Certainty::Refused => Next::GiveUp,
        Certainty::NeverHappened | Certainty::Unknown => {
            if wait < remaining && limits.allow(doubt, wait) {
                Next::Retry(wait)
            } else {
                Next::GiveUp
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
    fn what_never_happened_is_retried_until_expiry() {
        let next = |wait, remaining| {
            after(Certainty::NeverHappened, NO_DOUBT, LIMITS, seconds(wait), seconds(remaining))
        };
        assert_eq!(next(59, 60), Next::Retry(seconds(59)));
        assert_eq!(next(60, 60), Next::GiveUp);
    }

    #[test]
    fn what_was_refused_is_not_retried() {
        let next = after(Certainty::Refused, NO_DOUBT, LIMITS, seconds(0), seconds(60));
        assert_eq!(next, Next::GiveUp);
    }

    #[test]
    fn the_unknown_is_repeated_within_the_window_only() {
        let next = |since_first, wait| {
            let doubt = Doubt { commands: 1, since_first: seconds(since_first) };
            after(Certainty::Unknown, doubt, LIMITS, seconds(wait), seconds(60))
        };
        assert_eq!(next(3, 1), Next::Retry(seconds(1)));
        assert_eq!(next(4, 1), Next::GiveUp);
    }

    #[test]
    fn the_unknown_is_sent_three_times_at_most() {
        let next = |commands| {
            let doubt = Doubt { commands, since_first: seconds(0) };
            after(Certainty::Unknown, doubt, LIMITS, seconds(0), seconds(60))
        };
        assert_eq!(next(2), Next::Retry(seconds(0)));
        assert_eq!(next(3), Next::GiveUp);
    }

    #[test]
    fn a_window_of_zero_never_repeats() {
        let limits = ResendLimits { window: Duration::ZERO, ..LIMITS };
        let doubt = Doubt { commands: 1, since_first: Duration::ZERO };
        let next = after(Certainty::Unknown, doubt, limits, Duration::ZERO, seconds(60));
        assert_eq!(next, Next::GiveUp);
    }

    #[test]
    fn doubt_outlives_an_answer_that_nothing_was_done() {
        let doubt = Doubt { commands: 1, since_first: seconds(2) };
        let next =
            |wait| after(Certainty::NeverHappened, doubt, LIMITS, seconds(wait), seconds(60));
        assert_eq!(next(1), Next::Retry(seconds(1)));
        assert_eq!(next(10), Next::GiveUp);
    }

    proptest! {
        #[test]
        fn no_retry_reaches_the_expiry_or_leaves_the_window(
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
            if let Next::Retry(after) = after(certainty, doubt, LIMITS, wait, remaining) {
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
