//! How to wait for a turn at an IQ that has as many commands in flight as it may have.
//!
//! A burst at a healthy IQ is over in an instant: it waits in place, where a turn costs nothing.
//! A hanging IQ would fill all places with requests that get nowhere: those are parked, for as long
//! as a turn seems away, and the longer a request has waited, the longer.

use std::time::Duration;

/// A turn expected within this is waited for in place, however many others do.
const SHORT: Duration = Duration::from_millis(250);
/// A turn expected within this is waited for in place by no more requests than the limit.
const LONG: Duration = Duration::from_secs(1);

/// A command of this age may be just a slow one; an older one says that the IQ hangs.
const HANGING: Duration = Duration::from_millis(250);

/// A request is parked as if its turn were away by this much.
const PARK_LEAST: Duration = Duration::from_millis(250);
/// No request is parked for longer than this, so that it soon sees that the IQ has recovered.
const PARK_MOST: Duration = Duration::from_secs(8);

/// An IQ at its limit, as one replica sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowd {
    /// Commands that may be in flight at once; so many are. None at all counts as one.
    pub limit: u32,
    /// Other requests that wait for their turn in place, in this replica.
    pub waiting: u32,
    /// How long a command to this IQ typically takes; zero where none has come back yet.
    pub typical: Duration,
    /// The age of the oldest command in flight. A hanging IQ betrays itself by it long before
    /// any typical duration does.
    pub oldest: Duration,
}

/// How to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// In place, until a command comes back; after this time at the latest, ask anew.
    InPlace(Duration),
    /// Parked for this long: there is no turn soon.
    Park(Duration),
}

impl Crowd {
    /// How a request waits that was first taken `waited` ago, with `dice` from 0 to 1.
    #[must_use]
    pub fn turn(&self, waited: Duration, dice: f64) -> Turn {
        let expected = self.expected();
        if expected <= SHORT || (self.waiting < self.limit.max(1) && expected <= LONG) {
            Turn::InPlace(expected.max(SHORT))
        } else {
            let dice = if dice.is_finite() { dice.clamp(0.0, 1.0) } else { 1.0 };
            let away = expected.max(waited).clamp(PARK_LEAST, PARK_MOST);
            Turn::Park(away.mul_f64(0.5 + dice / 2.0))
        }
    }

    /// When the turn of one more may come: those in flight come back at an even pace, and those
    /// that wait go first.
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

    fn crowd(waiting: u32, typical: u64, oldest: u64) -> Crowd {
        Crowd { limit: 4, waiting, typical: millis(typical), oldest: millis(oldest) }
    }

    fn at_once(crowd: Crowd) -> Turn {
        crowd.turn(Duration::ZERO, 1.0)
    }

    #[test]
    fn a_burst_at_a_quick_iq_waits_in_place() {
        assert_eq!(at_once(crowd(0, 20, 5)), Turn::InPlace(SHORT));
        assert_eq!(at_once(crowd(49, 20, 5)), Turn::InPlace(millis(250)));
        assert_eq!(at_once(crowd(50, 20, 5)), Turn::Park(millis(255)));
        assert_eq!(at_once(crowd(49, 20, 250)), Turn::InPlace(millis(250)), "a slow one");
        assert_eq!(at_once(crowd(0, 0, 0)), Turn::InPlace(SHORT), "nothing is known yet");
    }

    #[test]
    fn at_a_slow_iq_as_many_as_the_limit_wait_in_place() {
        assert_eq!(at_once(crowd(3, 500, 0)), Turn::InPlace(millis(500)));
        assert_eq!(at_once(crowd(4, 500, 0)), Turn::Park(millis(625)));
        assert_eq!(at_once(crowd(3, 1_000, 0)), Turn::InPlace(millis(1_000)));
        assert_eq!(at_once(crowd(3, 1_001, 0)), Turn::Park(millis(1_001)));
    }

    #[test]
    fn a_hanging_iq_shows_by_its_oldest_command() {
        assert_eq!(at_once(crowd(0, 20, 4_000)), Turn::InPlace(millis(1_000)));
        assert_eq!(at_once(crowd(0, 20, 4_004)), Turn::Park(millis(1_001)));
    }

    #[test]
    fn whoever_has_waited_long_stays_away_long() {
        let hanging = crowd(0, 20, 9_000);
        let park = |waited, dice| hanging.turn(millis(waited), dice);
        assert_eq!(park(0, 0.0), Turn::Park(millis(1_125)), "half of what its turn seems away");
        assert_eq!(park(0, 1.0), Turn::Park(millis(2_250)));
        assert_eq!(park(3_000, 0.5), Turn::Park(millis(2_250)));
        assert_eq!(park(60_000, 0.0), Turn::Park(millis(4_000)));
        assert_eq!(park(60_000, 1.0), Turn::Park(millis(8_000)));
    }

    #[test]
    fn an_iq_of_limit_zero_is_one_of_limit_one() {
        let closed = |limit| at_once(Crowd { limit, ..crowd(0, 500, 0) });
        assert_eq!(closed(1), Turn::InPlace(millis(500)));
        assert_eq!(closed(0), closed(1));
    }

    fn durations() -> impl Strategy<Value = Duration> {
        prop_oneof![(0u64..20_000).prop_map(millis), Just(Duration::MAX)]
    }

    prop_compose! {
        fn crowds()(
            limit in 0u32..20,
            waiting in prop_oneof![0u32..50, Just(u32::MAX)],
            typical in durations(),
            oldest in durations(),
        ) -> Crowd {
            Crowd { limit, waiting, typical, oldest }
        }
    }

    /// Orders waits: any time in place is better than being parked.
    fn badness(turn: Turn) -> (bool, Duration) {
        match turn {
            Turn::InPlace(bound) => (false, bound),
            Turn::Park(wait) => (true, wait),
        }
    }

    proptest! {
        #[test]
        fn waits_are_bounded(crowd in crowds(), waited in durations(), dice in any::<f64>()) {
            match crowd.turn(waited, dice) {
                Turn::InPlace(bound) => {
                    prop_assert!((SHORT..=LONG).contains(&bound));
                    prop_assert!(bound == SHORT || crowd.waiting < crowd.limit.max(1));
                }
                Turn::Park(wait) => {
                    prop_assert!((PARK_LEAST / 2..=PARK_MOST).contains(&wait));
                }
            }
        }

        #[test]
        fn more_of_anything_never_means_a_shorter_wait(
            crowd in crowds(),
            (waiting, typical, oldest) in (0u32..20, durations(), durations()),
            (waited, longer) in (durations(), durations()),
            dice in 0.0..=1.0,
        ) {
            let worse = Crowd {
                limit: crowd.limit,
                waiting: crowd.waiting.saturating_add(waiting),
                typical: crowd.typical.saturating_add(typical),
                oldest: crowd.oldest.saturating_add(oldest),
            };
            let now = badness(crowd.turn(waited, dice));
            prop_assert!(now <= badness(worse.turn(waited.saturating_add(longer), dice)));
            prop_assert!(now <= badness(crowd.turn(waited, 1.0)));
        }

        #[test]
        fn a_higher_limit_never_means_a_longer_wait(
            crowd in crowds(), more in 0u32..20, waited in durations(), dice in 0.0..=1.0,
        ) {
            let wider = Crowd { limit: crowd.limit + more, ..crowd };
            prop_assert!(badness(wider.turn(waited, dice)) <= badness(crowd.turn(waited, dice)));
        }

        /// What keeps thousands of requests for a dead IQ cheap: each comes back a few times at
        /// first and then every 4 to 8 s.
        #[test]
        fn a_request_for_a_dead_iq_comes_back_rarely(
            dices in prop::collection::vec(0.0..=1.0, 30)
        ) {
            let mut waited = Duration::ZERO;
            let mut returns = 0;
            for dice in dices {
                match crowd(0, 20, 10_000).turn(waited, dice) {
                    Turn::Park(wait) => waited += wait,
                    Turn::InPlace(_) => prop_assert!(false, "there is no turn soon"),
                }
                returns += u32::from(waited < millis(60_000));
            }
            prop_assert!(waited >= millis(60_000), "30 rounds last a minute: {waited:?}");
            prop_assert!(returns <= 24, "{returns} returns within a minute");
        }
    }
}
