//! Properties of the circuit breakers of a host over random sequences of events.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;
use uuid::Uuid;

use super::machine::{BreakerState, OPEN_MAX, PROBE_LIMIT, PermittedCall, TURN};
use super::result::{CallEnd, Change, HostHealth, Transition};
use super::subject::{CallPath, Caller, Part};
use super::tests::{caller, end};
use super::{Refusal, Tree};

/// An event. Numbers pick one of the calls under way.
#[derive(Debug, Clone)]
enum Event {
    Request(CallPath),
    End(usize, HostHealth),
    Abandon(usize),
    Wait(u64),
}

/// What is asked for by one of these accounts: one of its lists, or a lock behind one of two IQs.
fn path(accounts: &'static [&'static str]) -> impl Strategy<Value = CallPath> {
    let caller = (0..accounts.len()).prop_map(|n| caller(accounts[n], "NL1"));
    (caller, 0..2_u8, 0..3_u128).prop_map(|(caller, iq, lock)| lock_path(&caller, iq, lock))
}

/// A lock behind an IQ; number 0 is the list of sites.
fn lock_path(caller: &Arc<Caller>, iq: u8, lock: u128) -> CallPath {
    match lock {
        0 => CallPath::to(caller, Part::Sites),
        _ => CallPath::to_iq(caller, &format!("iq-{iq}"), Part::Lock(Uuid::from_u128(lock))),
    }
}

fn event(path: impl Strategy<Value = CallPath>) -> impl Strategy<Value = Event> {
    let health = prop_oneof![
        1 => Just(HostHealth::Up),
        8 => Just(HostHealth::Failed),
        1 => Just(HostHealth::Unknown),
    ];
    prop_oneof![
        6 => path.prop_map(Event::Request),
        6 => (any::<usize>(), health).prop_map(|(n, health)| Event::End(n, health)),
        1 => any::<usize>().prop_map(Event::Abandon),
        3 => (0..6_000_u64).prop_map(Event::Wait),
    ]
}

/// The breakers of a host with calls under way, and the current time.
struct Model {
    tree: Tree,
    now: Instant,
    calls: Vec<(CallPath, PermittedCall)>,
}

impl Model {
    fn new() -> Self {
        Self { tree: Tree::default(), now: Instant::now(), calls: Vec::new() }
    }

    fn host(&self) -> BreakerState {
        self.tree.root.state(self.now)
    }

    fn request(&mut self, path: CallPath, jitter: f64) -> Result<PermittedCall, Refusal> {
        let permitted = self.tree.permit(&path, self.now, jitter);
        match &permitted {
            Ok(call) => self.calls.push((path, *call)),
            Err(refused) => {
                assert!(refused.retry_after > Duration::ZERO && refused.retry_after <= OPEN_MAX);
                assert!(!refused.opened_by.is_empty());
            }
        }
        permitted
    }

    fn end(&mut self, n: usize, health: HostHealth, jitter: f64) -> Vec<Transition> {
        let Some((path, call)) = self.take(n) else { return Vec::new() };
        let closed = self.host() == BreakerState::Closed;
        let end = CallEnd { jitter, ..end(call, self.now) };
        let transitions = self.tree.record(&path, health, &end);
        let of_host = transitions.iter().find(|it| it.depth == 0).map(|it| it.change);
        match (closed, self.host() == BreakerState::Closed) {
            (true, false) => assert!(matches!(of_host, Some(Change::Opened { .. }))),
            (false, true) => assert_eq!(of_host, Some(Change::Closed)),
            (true, true) | (false, false) => assert_eq!(of_host, None),
        }
        if health == HostHealth::Up {
            assert_eq!(self.host(), BreakerState::Closed, "a success closes");
            assert!(
                self.tree.permit(&path, self.now, jitter).is_ok(),
                "and all that is on its path"
            );
        }
        transitions
    }

    fn apply(&mut self, event: Event, jitter: f64) {
        match event {
            Event::Request(path) => drop(self.request(path, jitter)),
            Event::End(n, health) => drop(self.end(n, health, jitter)),
            Event::Abandon(n) => {
                if let Some((path, call)) = self.take(n) {
                    self.tree.root.abandon(path.parts(), call, self.now);
                }
            }
            Event::Wait(ms) => self.now += Duration::from_millis(ms),
        }
    }

    fn take(&mut self, n: usize) -> Option<(CallPath, PermittedCall)> {
        let n = n.checked_rem(self.calls.len())?;
        Some(self.calls.swap_remove(n))
    }
}

fn events(accounts: &'static [&'static str]) -> impl Strategy<Value = Vec<(Event, f64)>> {
    prop::collection::vec((event(path(accounts)), 0.0..1.0), 1..300)
}

proptest! {
    /// Whatever fails for others, a call for an account whose own calls succeed is sent.
    #[test]
    fn an_account_whose_calls_succeed_is_never_refused(events in events(&["a", "b", "c"])) {
        let mut model = Model::new();
        let healthy = caller("healthy", "NL9");
        for (n, (event, jitter)) in events.into_iter().enumerate() {
            model.apply(event, jitter);
            let path = lock_path(&healthy, 0, n as u128 % 3);
            let call = model.tree.permit(&path, model.now, jitter);
            prop_assert!(call.is_ok(), "{call:?}");
            // Its answers come late, or not at all, so that they do not close the host's breaker each time.
            if n % 16 == 0 {
                model.tree.record(&path, HostHealth::Up, &end(call.unwrap(), model.now));
            }
        }
    }

    #[test]
    fn one_account_never_opens_the_breaker_of_the_host(events in events(&["a"])) {
        let mut model = Model::new();
        for (event, jitter) in events {
            model.apply(event, jitter);
            prop_assert_eq!(model.host(), BreakerState::Closed);
        }
    }

    #[test]
    fn no_call_is_refused_for_longer_than_the_maximum(
        events in events(&["a", "b"]),
        path in path(&["a", "b", "new"]),
    ) {
        let mut model = Model::new();
        for (event, jitter) in events {
            model.apply(event, jitter);
        }
        let permitted = model.tree.permit(&path, model.now + OPEN_MAX + TURN, 0.0);
        prop_assert!(permitted.is_ok(), "{permitted:?}");
    }

    /// Of a lock whose calls only fail: one call at a time is sent once its breaker has opened.
    #[test]
    fn one_probe_at_a_time(waits in prop::collection::vec((0..3_000_u64, 0.0..1.0, any::<bool>()), 1..200)) {
        let mut model = Model::new();
        let path = lock_path(&caller("a", "NL1"), 0, 1);
        let mut opened = false;
        let mut probe: Option<Instant> = None;
        for (ms, jitter, ends) in waits {
            model.now += Duration::from_millis(ms);
            if model.request(path.clone(), jitter).is_ok() && opened {
                let replaced = probe.is_none_or(|since| model.now >= since + PROBE_LIMIT);
                prop_assert!(replaced, "a second probe");
                probe = Some(model.now);
                model.calls = model.calls.split_off(model.calls.len() - 1);
            }
            if ends && let Some(last) = model.calls.len().checked_sub(1) {
                opened |= !model.end(last, HostHealth::Failed, jitter).is_empty();
                probe = None;
            }
        }
    }

    #[test]
    fn breakers_that_are_not_used_are_removed(events in events(&["a", "b"])) {
        let mut model = Model::new();
        for (event, jitter) in events {
            model.apply(event, jitter);
        }
        model.now += super::failure_count::WINDOW + PROBE_LIMIT;
        model.tree.root.remove_unused(model.now);
        prop_assert_eq!(model.tree.root.size(), 0);
    }
}
