//! The wait before the next attempt to connect.
//!
//! The `backoff` crate is unmaintained (RUSTSEC-2025-0012, and RUSTSEC-2024-0384 through `instant`).
//! Here it does a few lines of arithmetic without input from outside. No other file of the workspace
//! uses it, so it can be replaced in this file alone.

use std::time::Duration;

use backoff::backoff::Backoff;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// Delays that double from about a quarter of a second to ten seconds, without end, each with a random
/// shift of up to a half, so that many workers do not reconnect at the same moment.
#[derive(Debug)]
pub struct Reconnect(ExponentialBackoff);

impl Reconnect {
    /// Begins with the shortest delay.
    pub fn new() -> Self {
        let backoff = ExponentialBackoffBuilder::new()
            .with_initial_interval(FIRST)
            .with_multiplier(2.0)
            .with_randomization_factor(0.5)
            .with_max_interval(LONGEST)
            // The default gives up after a quarter of an hour.
            .with_max_elapsed_time(None)
            .build();
        Self(backoff)
    }

    /// The time to wait before the next attempt: at most ten seconds.
    pub fn next_delay(&mut self) -> Duration {
        self.0.next_backoff().map_or(LONGEST, |delay| delay.min(LONGEST))
    }

    /// Begins again with the shortest delay. Callers call it once a session works.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}

impl Default for Reconnect {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_cap_and_begin_again_after_a_reset() {
        let mut reconnect = Reconnect::new();
        let delays: Vec<_> = (0..1000).map(|_| reconnect.next_delay()).collect();
        assert!(delays[0] >= FIRST / 2 && delays[0] <= FIRST * 3 / 2, "{:?}", delays[0]);
        assert!(delays.iter().all(|delay| *delay <= LONGEST));
        let late = &delays[10..];
        assert!(late.iter().all(|delay| *delay >= LONGEST / 2));
        assert!(late.iter().any(|delay| *delay != late[0]), "no jitter");

        reconnect.reset();
        assert!(reconnect.next_delay() <= FIRST * 3 / 2);
    }
}
