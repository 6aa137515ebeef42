//! The wait before another attempt.

use std::time::Duration;

/// Exponential backoff with full jitter: the wait is between zero and a ceiling that doubles with
/// every failure, so that many waiting requests are not tried again at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    /// The ceiling after the first failure.
    pub base: Duration,
    /// The upper limit of the ceiling.
    pub cap: Duration,
}

impl Delays {
    /// The wait after `failures` failures, cut to half of the `remaining` time but not below `base`,
    /// so that the last attempt is made shortly before the time ends.
    #[must_use]
    pub fn wait_within(&self, failures: u32, jitter: f64, remaining: Duration) -> Duration {
        self.wait(failures, jitter).min((remaining / 2).max(self.base))
    }

    /// The wait after `failures` failures in a row (from 1), with `jitter` from 0 to 1.
    #[must_use]
    pub fn wait(&self, failures: u32, jitter: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let ceiling = self.base.saturating_mul(1 << doublings).min(self.cap);
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 1.0 };
        ceiling.mul_f64(jitter).min(ceiling)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DELAYS: Delays = Delays { base: Duration::from_millis(200), cap: Duration::from_secs(5) };

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let ceilings: Vec<_> =
            (1..=7).map(|failures| DELAYS.wait(failures, 1.0).as_millis()).collect();
        assert_eq!(ceilings, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(DELAYS.wait(u32::MAX, 1.0), DELAYS.cap);
        assert_eq!(DELAYS.wait(3, 0.5), Duration::from_millis(400));
    }

    #[test]
    fn the_last_waits_become_shorter() {
        let within = |remaining| DELAYS.wait_within(7, 1.0, Duration::from_millis(remaining));
        assert_eq!(within(60_000), DELAYS.cap);
        assert_eq!(within(2_000), Duration::from_millis(1_000));
        assert_eq!(within(300), DELAYS.base, "but not below the base");
    }

    proptest! {
        #[test]
        fn waits_are_bounded(failures in any::<u32>(), jitter in any::<f64>(), remaining in any::<u64>()) {
            prop_assert!(DELAYS.wait(failures, jitter) <= DELAYS.cap);
            let remaining = Duration::from_millis(remaining);
            let within = DELAYS.wait_within(failures, jitter, remaining);
            prop_assert!(within <= DELAYS.cap);
            prop_assert!(within <= DELAYS.base.max(remaining / 2));
        }

        /// Full jitter: the wait is the ceiling times the jitter.
        #[test]
        fn jitter_spans_all_waits_up_to_a_ceiling_that_never_falls(
            failures in 1u32..100, jitter in 0.0..=1.0, other in 0.0..=1.0,
        ) {
            let ceiling = DELAYS.wait(failures, 1.0);
            prop_assert_eq!(DELAYS.wait(failures, 0.0), Duration::ZERO);
            prop_assert!(ceiling >= DELAYS.base && ceiling <= DELAYS.wait(failures + 1, 1.0));
            let (wait, more) = (DELAYS.wait(failures, jitter), DELAYS.wait(failures, jitter.max(other)));
            prop_assert!(wait <= more);
            let share = wait.as_secs_f64() / ceiling.as_secs_f64();
            prop_assert!((share - jitter).abs() < 1e-6, "{share} is not {jitter}");
        }
    }
}
