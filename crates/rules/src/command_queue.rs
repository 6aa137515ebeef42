//! The wait for a permit of an IQ or a lock whose permits are all in use.
//!
//! Both have a limited number of permits, one for each command in flight; other requests queue. A
//! burst at an IQ that answers fast ends within moments: its requests wait in place, which costs
//! nothing. At an IQ or a lock that does not answer, waiting requests would occupy all places of a
//! worker: they are parked for the expected wait, or for as long as they have waited already, if that
//! is longer.

use std::time::Duration;

/// Any number of requests wait in place for a permit that is expected within this time.
const SHORT: Duration = Duration::from_millis(250);
/// As many requests as there are permits wait in place for one that is expected within this time.
const LONG: Duration = Duration::from_secs(1);

/// The age from which on a command in flight shows that the IQ or the lock does not answer.
const HANGING: Duration = Duration::from_millis(250);

/// The shortest expected wait with which a request is parked.
const PARK_LEAST: Duration = Duration::from_millis(250);
/// The longest time for which a request is parked, so that it soon meets a recovered IQ.
const PARK_MOST: Duration = Duration::from_secs(8);

/// The queue of an IQ or a lock whose permits are all in use, as one replica sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandQueueLoad {
    /// Its permits, all of them in use. 0 counts as 1.
    pub limit: u32,
    /// Other requests of this replica that wait in place for a permit.
    pub waiting: u32,
    /// The typical duration of a command to this IQ; zero before the first one has been answered.
    pub typical: Duration,
    /// The age of the oldest command in flight. It shows an IQ that does not answer long before the
    /// typical duration does.
    pub oldest: Duration,
}

/// The way in which a request waits for a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandQueueWait {
    /// In place, until a permit is free, or for this time at most; then the wait is decided anew.
    InPlace(Duration),
    /// In a retry queue, for this time.
    Park(Duration),
}

impl CommandQueueLoad {
    /// The wait of a request that was first taken `waited` ago, with `jitter` from 0 to 1.
    #[must_use]
    pub fn wait(&self, waited: Duration, jitter: f64) -> CommandQueueWait {
        let expected = self.expected();
        if expected <= SHORT || (self.waiting < self.limit.max(1) && expected <= LONG) {
            CommandQueueWait::InPlace(expected.max(SHORT))
        } else {
            let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 1.0 };
            let wait = expected.max(waited).clamp(PARK_LEAST, PARK_MOST);
            CommandQueueWait::Park(wait.mul_f64(0.5 + jitter / 2.0))
        }
    }

    /// The expected time until one more request gets a permit: the commands in flight end at an even
    /// pace, and the requests that wait already come first.
    fn expected(&self) -> Duration {
        let oldest = if self.oldest > HANGING { self.oldest } else { Duration::ZERO };
        let each = self.typical.max(oldest);
        each.saturating_mul(self.waiting.saturating_add(1)) / self.limit.max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn load(waiting: u32, typical: u64, oldest: u64) -> CommandQueueLoad {
        CommandQueueLoad { limit: 4, waiting, typical: millis(typical), oldest: millis(oldest) }
    }

    fn first_wait(load: CommandQueueLoad) -> CommandQueueWait {
        load.wait(Duration::ZERO, 1.0)
    }

    #[test]
    fn a_burst_at_a_fast_iq_waits_in_place() {
        assert_eq!(first_wait(load(0, 20, 5)), CommandQueueWait::InPlace(SHORT));
        assert_eq!(first_wait(load(49, 20, 5)), CommandQueueWait::InPlace(millis(250)));
        assert_eq!(first_wait(load(50, 20, 5)), CommandQueueWait::Park(millis(255)));
        assert_eq!(
            first_wait(load(49, 20, 250)),
            CommandQueueWait::InPlace(millis(250)),
            "a slow command"
        );
        assert_eq!(
            first_wait(load(0, 0, 0)),
            CommandQueueWait::InPlace(SHORT),
            "no command has been answered"
        );
    }

    #[test]
    fn at_a_slow_iq_as_many_as_there_are_permits_wait_in_place() {
        assert_eq!(first_wait(load(3, 500, 0)), CommandQueueWait::InPlace(millis(500)));
        assert_eq!(first_wait(load(4, 500, 0)), CommandQueueWait::Park(millis(625)));
        assert_eq!(first_wait(load(3, 1_000, 0)), CommandQueueWait::InPlace(millis(1_000)));
        assert_eq!(first_wait(load(3, 1_001, 0)), CommandQueueWait::Park(millis(1_001)));
    }

    #[test]
    fn the_oldest_command_shows_an_iq_that_does_not_answer() {
        assert_eq!(first_wait(load(0, 20, 4_000)), CommandQueueWait::InPlace(millis(1_000)));
        assert_eq!(first_wait(load(0, 20, 4_004)), CommandQueueWait::Park(millis(1_001)));
    }

    #[test]
    fn a_request_that_has_waited_long_is_parked_for_long() {
        let hanging = load(0, 20, 9_000);
        let park = |waited, jitter| hanging.wait(millis(waited), jitter);
        assert_eq!(
            park(0, 0.0),
            CommandQueueWait::Park(millis(1_125)),
            "half of the expected wait"
        );
        assert_eq!(park(0, 1.0), CommandQueueWait::Park(millis(2_250)));
        assert_eq!(park(3_000, 0.5), CommandQueueWait::Park(millis(2_250)));
        assert_eq!(park(60_000, 0.0), CommandQueueWait::Park(millis(4_000)));
        assert_eq!(park(60_000, 1.0), CommandQueueWait::Park(millis(8_000)));
    }

    #[test]
    fn no_permits_count_as_one() {
        let with_permits = |limit| first_wait(CommandQueueLoad { limit, ..load(0, 500, 0) });
        assert_eq!(with_permits(1), CommandQueueWait::InPlace(millis(500)));
        assert_eq!(with_permits(0), with_permits(1));
    }

    fn durations() -> impl Strategy<Value = Duration> {
        prop_oneof![(0u64..20_000).prop_map(millis), Just(Duration::MAX)]
    }

    prop_compose! {
        fn loads()(
            limit in 0u32..20,
            waiting in prop_oneof![0u32..50, Just(u32::MAX)],
            typical in durations(),
            oldest in durations(),
        ) -> CommandQueueLoad {
            CommandQueueLoad { limit, waiting, typical, oldest }
        }
    }

    /// Orders waits: any wait in place is shorter than any wait in a retry queue.
    fn rank(wait: CommandQueueWait) -> (bool, Duration) {
        match wait {
            CommandQueueWait::InPlace(bound) => (false, bound),
            CommandQueueWait::Park(time) => (true, time),
        }
    }

    proptest! {
        #[test]
        fn waits_are_bounded(load in loads(), waited in durations(), jitter in any::<f64>()) {
            match load.wait(waited, jitter) {
                CommandQueueWait::InPlace(bound) => {
                    prop_assert!((SHORT..=LONG).contains(&bound));
                    prop_assert!(bound == SHORT || load.waiting < load.limit.max(1));
                }
                CommandQueueWait::Park(wait) => {
                    prop_assert!((PARK_LEAST / 2..=PARK_MOST).contains(&wait));
                }
            }
        }

        #[test]
        fn a_higher_load_never_means_a_shorter_wait(
            load in loads(),
            waiting in 0u32..20,
            typical in durations(),
            oldest in durations(),
            waited in durations(),
            longer in durations(),
            jitter in 0.0..=1.0,
        ) {
            let worse = CommandQueueLoad {
                limit: load.limit,
                waiting: load.waiting.saturating_add(waiting),
                typical: load.typical.saturating_add(typical),
                oldest: load.oldest.saturating_add(oldest),
            };
            let now = rank(load.wait(waited, jitter));
            prop_assert!(now <= rank(worse.wait(waited.saturating_add(longer), jitter)));
            prop_assert!(now <= rank(load.wait(waited, 1.0)));
        }

        #[test]
        fn more_permits_never_mean_a_longer_wait(
            load in loads(), more in 0u32..20, waited in durations(), jitter in 0.0..=1.0,
        ) {
            let wider = CommandQueueLoad { limit: load.limit + more, ..load };
            prop_assert!(rank(wider.wait(waited, jitter)) <= rank(load.wait(waited, jitter)));
        }

        /// Thousands of requests for an IQ that never answers cost little: each comes back a few
        /// times at first, and then every 4 to 8 s.
        #[test]
        fn a_request_for_an_iq_that_never_answers_comes_back_rarely(
            jitters in prop::collection::vec(0.0..=1.0, 30)
        ) {
            let mut waited = Duration::ZERO;
            let mut returns = 0;
            for jitter in jitters {
                match load(0, 20, 10_000).wait(waited, jitter) {
                    CommandQueueWait::Park(wait) => waited += wait,
                    CommandQueueWait::InPlace(_) => prop_assert!(false, "no permit is expected soon"),
                }
                returns += u32::from(waited < millis(60_000));
            }
            prop_assert!(waited >= millis(60_000), "30 waits last a minute: {waited:?}");
            prop_assert!(returns <= 24, "{returns} returns within a minute");
        }
    }
}
