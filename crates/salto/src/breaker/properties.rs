//! What holds for a breaker whatever happens.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::machine::{
    BreakerState, Health, Machine, News, OPEN_MOST, OPENS_AFTER, PROBE_LIMIT, Pass,
};

/// Something that happens. Numbers pick one of the calls under way.
#[derive(Debug, Clone)]
enum Happens {
    Asks,
    Ends(usize, Health, &'static str),
    IsGivenUp(usize),
    TimePasses(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    let health = prop_oneof![
        1 => Just(Health::Works),
        4 => Just(Health::Down),
        4 => Just(Health::PerhapsOneIq),
        1 => Just(Health::Untold),
    ];
    let iq = prop_oneof![Just("a"), Just("b")];
    prop_oneof![
        6 => Just(Happens::Asks),
        6 => (any::<usize>(), health, iq).prop_map(|(n, health, iq)| Happens::Ends(n, health, iq)),
        1 => any::<usize>().prop_map(Happens::IsGivenUp),
        4 => (0..6_000_u64).prop_map(Happens::TimePasses),
    ]
}

/// A breaker with calls under way, and the time.
struct World {
    machine: Machine,
    now: Instant,
    calls: Vec<Pass>,
    /// The call let through while the breaker was not closed, and since when.
    probe: Option<(Pass, Instant)>,
}

impl World {
    fn new() -> Self {
        Self { machine: Machine::default(), now: Instant::now(), calls: Vec::new(), probe: None }
    }

    fn closed(&self) -> bool {
        self.machine.state(self.now) == BreakerState::Closed
    }

    fn asks(&mut self, chance: f64) {
        let closed = self.closed();
        match self.machine.ask(self.now, chance) {
            Ok(pass) => {
                if !closed {
                    let under_way = self.probe.filter(|(_, since)| self.now < *since + PROBE_LIMIT);
                    assert!(under_way.is_none(), "a second probe");
                    self.probe = Some((pass, self.now));
                }
                self.calls.push(pass);
            }
            Err(refused) => {
                assert!(!closed, "closed, and a call is refused");
                assert!(refused.retry_after > Duration::ZERO && refused.retry_after <= OPEN_MOST);
            }
        }
    }

    fn ends(&mut self, n: usize, health: Health, iq: Option<&str>, chance: f64) {
        let Some(pass) = self.take(n) else { return };
        let closed = self.closed();
        let news = self.machine.tell(pass, health, iq, self.now, chance);
        let expected = match (closed, self.closed()) {
            (true, false) => "opened",
            (false, true) => "closed",
            (true, true) | (false, false) => "nothing",
        };
        let told = match news {
            Some(News::Opened { failures }) => {
                assert!(failures >= OPENS_AFTER);
                "opened"
            }
            Some(News::Closed) => "closed",
            None => "nothing",
        };
        assert_eq!(told, expected, "each change is told once");
        if self.closed() {
            self.probe = None;
        }
        if health == Health::Works {
            assert!(self.closed(), "a success closes");
        }
    }

    fn take(&mut self, n: usize) -> Option<Pass> {
        let n = n.checked_rem(self.calls.len())?;
        let pass = self.calls.swap_remove(n);
        if self.probe.is_some_and(|(probe, _)| probe == pass) {
            self.probe = None;
        }
        Some(pass)
    }
}

proptest! {
    #[test]
    fn one_probe_at_a_time_and_never_open_for_longer_than_the_cap(
        story in prop::collection::vec((happens(), 0.0..1.0), 1..200)
    ) {
        let mut world = World::new();
        for (happens, chance) in story {
            match happens {
                Happens::Asks => world.asks(chance),
                Happens::Ends(n, health, iq) => world.ends(n, health, Some(iq), chance),
                Happens::IsGivenUp(n) => {
                    if let Some(pass) = world.take(n) {
                        world.machine.give_up(pass, world.now);
                    }
                }
                Happens::TimePasses(ms) => world.now += Duration::from_millis(ms),
            }
        }
        prop_assert!(world.machine.ask(world.now + OPEN_MOST, 0.0).is_ok(), "open for too long");
    }

    #[test]
    fn one_iq_alone_never_opens_it(
        story in prop::collection::vec((happens(), 0.0..1.0), 1..200)
    ) {
        let mut world = World::new();
        for (happens, chance) in story {
            match happens {
                Happens::Ends(n, health, _) => {
                    let health = if health == Health::Down { Health::PerhapsOneIq } else { health };
                    world.ends(n, health, Some("a"), chance);
                }
                Happens::Asks | Happens::IsGivenUp(_) | Happens::TimePasses(_) => {
                    world.asks(chance);
                }
            }
            prop_assert!(world.closed());
        }
    }
}

/// Asks and tells at once.
fn call(machine: &mut Machine, now: Instant, health: Health, iq: Option<&str>) -> Option<News> {
    let pass = machine.ask(now, 0.0).unwrap();
    machine.tell(pass, health, iq, now, 0.0)
}

fn opened(now: Instant) -> Machine {
    let mut machine = Machine::default();
    for _ in 1..OPENS_AFTER {
        assert_eq!(call(&mut machine, now, Health::Down, None), None);
    }
    let news = call(&mut machine, now, Health::Down, None);
    assert_eq!(news, Some(News::Opened { failures: OPENS_AFTER }));
    machine
}

#[test]
fn it_stays_open_longer_after_each_probe_that_fails_up_to_the_cap() {
    let mut now = Instant::now();
    let mut machine = opened(now);
    let mut left = Vec::new();
    for _ in 0..5 {
        let refused = machine.ask(now, 0.0).unwrap_err();
        left.push(refused.retry_after.as_secs());
        now += refused.retry_after;
        call(&mut machine, now, Health::Down, None);
    }
    assert_eq!(left, [1, 2, 4, 5, 5]);
    assert_eq!(
        machine.state(now),
        BreakerState::Open { failures: OPENS_AFTER + 5, left: OPEN_MOST }
    );
    now += OPEN_MOST;
    assert_eq!(call(&mut machine, now, Health::Works, None), Some(News::Closed));
    assert_eq!(machine.state(now), BreakerState::Closed);
}

#[test]
fn a_success_between_failures_starts_the_count_anew() {
    let (mut machine, now) = (Machine::default(), Instant::now());
    for _ in 0..10 {
        for _ in 1..OPENS_AFTER {
            assert_eq!(call(&mut machine, now, Health::Down, None), None);
        }
        assert_eq!(call(&mut machine, now, Health::Works, None), None);
    }
}

#[test]
fn what_happened_to_two_iqs_is_held_against_the_host() {
    let (mut machine, now) = (Machine::default(), Instant::now());
    for _ in 0..10 {
        assert_eq!(call(&mut machine, now, Health::PerhapsOneIq, Some("a")), None);
    }
    let news = call(&mut machine, now, Health::PerhapsOneIq, Some("b"));
    assert_eq!(news, Some(News::Opened { failures: 11 }));
}

#[test]
fn a_probe_to_an_iq_that_hangs_lets_the_others_through() {
    let now = Instant::now();
    let mut machine = opened(now);
    let now = now + Duration::from_secs(1);
    let news = call(&mut machine, now, Health::PerhapsOneIq, Some("a"));
    assert_eq!(news, Some(News::Closed));
    for _ in 0..10 {
        assert_eq!(call(&mut machine, now, Health::PerhapsOneIq, Some("a")), None);
    }
}

#[test]
fn a_probe_that_hangs_or_is_given_up_makes_way() {
    let now = Instant::now();
    let mut machine = opened(now);
    let now = now + Duration::from_secs(1);
    let hanging = machine.ask(now, 0.0).unwrap();
    assert!(machine.ask(now, 0.0).unwrap_err().retry_after <= Duration::from_millis(500));
    let now = now + PROBE_LIMIT;
    let next = machine.ask(now, 0.0).unwrap();
    // What becomes of the first one now changes nothing unless it is good news.
    assert_eq!(machine.tell(hanging, Health::Down, None, now, 0.0), None);
    assert!(machine.ask(now, 0.0).is_err());
    machine.give_up(next, now);
    assert!(machine.ask(now, 0.0).is_ok());
}
