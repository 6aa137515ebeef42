//! Properties of the circuit breaker over random sequences of events, and its examples.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::machine::{
    BreakerState, HostHealth, Machine, OPEN_MAX, OPENS_AFTER, PROBE_LIMIT, PermittedCall,
    Transition,
};

/// An event. Numbers pick one of the calls under way.
#[derive(Debug, Clone)]
enum Event {
    Request,
    End(usize, HostHealth, &'static str),
    Abandon(usize),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let health = prop_oneof![
        1 => Just(HostHealth::Up),
        4 => Just(HostHealth::Down),
        4 => Just(HostHealth::HostOrIqDown),
        1 => Just(HostHealth::Unknown),
    ];
    let iq = prop_oneof![Just("a"), Just("b")];
    prop_oneof![
        6 => Just(Event::Request),
        6 => (any::<usize>(), health, iq).prop_map(|(n, health, iq)| Event::End(n, health, iq)),
        1 => any::<usize>().prop_map(Event::Abandon),
        4 => (0..6_000_u64).prop_map(Event::Wait),
    ]
}

/// A breaker with calls under way, and the current time.
struct Model {
    machine: Machine,
    now: Instant,
    calls: Vec<PermittedCall>,
    /// The call that was permitted while the breaker was not closed, and since when.
    probe: Option<(PermittedCall, Instant)>,
}

impl Model {
    fn new() -> Self {
        Self { machine: Machine::default(), now: Instant::now(), calls: Vec::new(), probe: None }
    }

    fn closed(&self) -> bool {
        self.machine.state(self.now) == BreakerState::Closed
    }

    fn request(&mut self, jitter: f64) {
        let closed = self.closed();
        match self.machine.permit(self.now, jitter) {
            Ok(call) => {
                if !closed {
                    let under_way = self.probe.filter(|(_, since)| self.now < *since + PROBE_LIMIT);
                    assert!(under_way.is_none(), "a second probe");
                    self.probe = Some((call, self.now));
                }
                self.calls.push(call);
            }
            Err(refused) => {
                assert!(!closed, "closed, and a call is refused");
                assert!(refused.retry_after > Duration::ZERO && refused.retry_after <= OPEN_MAX);
            }
        }
    }

    fn end(&mut self, n: usize, health: HostHealth, iq: Option<&str>, jitter: f64) {
        let Some(call) = self.take(n) else { return };
        let closed = self.closed();
        let transition = self.machine.record(call, health, iq, self.now, jitter);
        let expected = match (closed, self.closed()) {
            (true, false) => "opened",
            (false, true) => "closed",
            (true, true) | (false, false) => "nothing",
        };
        let reported = match transition {
            Some(Transition::Opened { failures }) => {
                assert!(failures >= OPENS_AFTER);
                "opened"
            }
            Some(Transition::Closed) => "closed",
            None => "nothing",
        };
        assert_eq!(reported, expected, "each transition is reported once");
        if self.closed() {
            self.probe = None;
        }
        if health == HostHealth::Up {
            assert!(self.closed(), "a success closes");
        }
    }

    fn take(&mut self, n: usize) -> Option<PermittedCall> {
        let n = n.checked_rem(self.calls.len())?;
        let call = self.calls.swap_remove(n);
        if self.probe.is_some_and(|(probe, _)| probe == call) {
            self.probe = None;
        }
        Some(call)
    }
}

proptest! {
    #[test]
    fn one_probe_at_a_time_and_never_open_for_longer_than_the_maximum(
        events in prop::collection::vec((event(), 0.0..1.0), 1..200)
    ) {
        let mut model = Model::new();
        for (event, jitter) in events {
            match event {
                Event::Request => model.request(jitter),
                Event::End(n, health, iq) => model.end(n, health, Some(iq), jitter),
                Event::Abandon(n) => {
                    if let Some(call) = model.take(n) {
                        model.machine.abandon(call, model.now);
                    }
                }
                Event::Wait(ms) => model.now += Duration::from_millis(ms),
            }
        }
        prop_assert!(model.machine.permit(model.now + OPEN_MAX, 0.0).is_ok(), "open for too long");
    }

    #[test]
    fn failures_of_one_iq_never_open_the_breaker(
        events in prop::collection::vec((event(), 0.0..1.0), 1..200)
    ) {
        let mut model = Model::new();
        for (event, jitter) in events {
            match event {
                Event::End(n, health, _) => {
                    let health = if health == HostHealth::Down { HostHealth::HostOrIqDown } else { health };
                    model.end(n, health, Some("a"), jitter);
                }
                Event::Request | Event::Abandon(_) | Event::Wait(_) => {
                    model.request(jitter);
                }
            }
            prop_assert!(model.closed());
        }
    }
}

/// Requests a call and records its end at once.
fn call(
    machine: &mut Machine,
    now: Instant,
    health: HostHealth,
    iq: Option<&str>,
) -> Option<Transition> {
    let call = machine.permit(now, 0.0).unwrap();
    machine.record(call, health, iq, now, 0.0)
}

fn opened_breaker(now: Instant) -> Machine {
    let mut machine = Machine::default();
    for _ in 1..OPENS_AFTER {
        assert_eq!(call(&mut machine, now, HostHealth::Down, None), None);
    }
    let transition = call(&mut machine, now, HostHealth::Down, None);
    assert_eq!(transition, Some(Transition::Opened { failures: OPENS_AFTER }));
    machine
}

#[test]
fn the_open_time_doubles_with_each_failed_probe_up_to_the_maximum() {
    let mut now = Instant::now();
    let mut machine = opened_breaker(now);
    let mut left = Vec::new();
    for _ in 0..5 {
        let refused = machine.permit(now, 0.0).unwrap_err();
        left.push(refused.retry_after.as_secs());
        now += refused.retry_after;
        call(&mut machine, now, HostHealth::Down, None);
    }
    assert_eq!(left, [1, 2, 4, 5, 5]);
    assert_eq!(
        machine.state(now),
        BreakerState::Open { failures: OPENS_AFTER + 5, left: OPEN_MAX }
    );
    now += OPEN_MAX;
    assert_eq!(call(&mut machine, now, HostHealth::Up, None), Some(Transition::Closed));
    assert_eq!(machine.state(now), BreakerState::Closed);
}

#[test]
fn a_success_resets_the_failure_count() {
    let (mut machine, now) = (Machine::default(), Instant::now());
    for _ in 0..10 {
        for _ in 1..OPENS_AFTER {
            assert_eq!(call(&mut machine, now, HostHealth::Down, None), None);
        }
        assert_eq!(call(&mut machine, now, HostHealth::Up, None), None);
    }
}

#[test]
fn failures_at_two_iqs_count_against_the_host() {
    let (mut machine, now) = (Machine::default(), Instant::now());
    for _ in 0..10 {
        assert_eq!(call(&mut machine, now, HostHealth::HostOrIqDown, Some("a")), None);
    }
    let transition = call(&mut machine, now, HostHealth::HostOrIqDown, Some("b"));
    assert_eq!(transition, Some(Transition::Opened { failures: 11 }));
}

#[test]
fn a_probe_that_fails_at_one_iq_closes_the_breaker() {
    let now = Instant::now();
    let mut machine = opened_breaker(now);
    let now = now + Duration::from_secs(1);
    let transition = call(&mut machine, now, HostHealth::HostOrIqDown, Some("a"));
    assert_eq!(transition, Some(Transition::Closed));
    for _ in 0..10 {
        assert_eq!(call(&mut machine, now, HostHealth::HostOrIqDown, Some("a")), None);
    }
}

#[test]
fn a_probe_that_hangs_or_is_abandoned_is_replaced() {
    let now = Instant::now();
    let mut machine = opened_breaker(now);
    let now = now + Duration::from_secs(1);
    let hanging = machine.permit(now, 0.0).unwrap();
    assert!(machine.permit(now, 0.0).unwrap_err().retry_after <= Duration::from_millis(500));
    let now = now + PROBE_LIMIT;
    let next = machine.permit(now, 0.0).unwrap();
    // What becomes of the first one now changes nothing unless it is good transition.
    assert_eq!(machine.record(hanging, HostHealth::Down, None, now, 0.0), None);
    assert!(machine.permit(now, 0.0).is_err());
    machine.abandon(next, now);
    assert!(machine.permit(now, 0.0).is_ok());
}
