//! Examples of what opens which breaker, and of its end.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;
use uuid::Uuid;

use super::machine::{BreakerState, OPEN_MAX, PROBE_LIMIT, PermittedCall};
use super::result::{CallEnd, HostHealth, Transition};
use super::subject::{BreakerScope, CallPath, Caller, Part};
use super::tree::{MOST_OF_ONE, MOST_PARTS, OPENS_AFTER};
use super::{Refusal, Tree};
use crate::environment::account::{Account, SignIn};
use crate::otp::OtpScheme;

pub(super) fn caller(account: &str, site: &str) -> Arc<Caller> {
    let password = SecretString::from("hush");
    let account = Account {
        sign_in: SignIn::Password { username: account.to_owned(), password },
        site_uid: site.to_owned(),
        otp_scheme: OtpScheme::SaltoKs,
    };
    Caller::new("acme", &account)
}

pub(super) fn end(call: PermittedCall, now: Instant) -> CallEnd<'static> {
    CallEnd { call, error: &"HTTP 503", now, jitter: 0.0 }
}

/// The breakers of a host, and the time.
struct Fixture {
    tree: Tree,
    now: Instant,
}

impl Fixture {
    fn new() -> Self {
        Self { tree: Tree::default(), now: Instant::now() }
    }

    fn permit(&mut self, path: &CallPath) -> Result<PermittedCall, Refusal> {
        self.tree.permit(path, self.now, 0.0)
    }

    /// Makes a call that ends at once, and returns what opened or closed: the scopes.
    fn call(&mut self, path: &CallPath, health: HostHealth) -> Vec<BreakerScope> {
        let call = self.permit(path).unwrap();
        self.end(path, call, health)
    }

    fn end(
        &mut self,
        path: &CallPath,
        call: PermittedCall,
        health: HostHealth,
    ) -> Vec<BreakerScope> {
        let transitions = self.tree.record(path, health, &end(call, self.now));
        transitions.into_iter().map(|it: Transition| path.up_to(it.depth).scope()).collect()
    }

    fn fail(&mut self, path: &CallPath, times: u32) {
        for _ in 0..times {
            assert_eq!(self.call(path, HostHealth::Failed), []);
        }
    }

    fn host(&self) -> BreakerState {
        self.tree.root.state(self.now)
    }
}

fn lock(account: &str, iq: &str, lock: u128) -> CallPath {
    CallPath::to_iq(&caller(account, "NL1"), iq, Part::Lock(Uuid::from_u128(lock)))
}

#[test]
fn a_lock_that_fails_has_a_breaker_of_its_own_whose_open_time_doubles_up_to_the_maximum() {
    let mut fixture = Fixture::new();
    let sick = lock("a", "q", 1);
    fixture.fail(&sick, OPENS_AFTER - 1);
    assert_eq!(fixture.call(&sick, HostHealth::Failed), [BreakerScope::Lock]);
    let mut left = Vec::new();
    for n in 0..5 {
        let refused = fixture.permit(&sick).unwrap_err();
        assert_eq!((refused.depth, refused.failures), (3, OPENS_AFTER + n));
        assert_eq!(refused.opened_by, "HTTP 503");
        left.push(refused.retry_after.as_secs());
        assert_eq!(fixture.call(&lock("a", "q", 2), HostHealth::Unknown), [], "its neighbour");
        fixture.now += refused.retry_after;
        fixture.fail(&sick, 1);
    }
    assert_eq!(left, [1, 2, 4, 5, 5]);
    fixture.now += OPEN_MAX;
    assert_eq!(fixture.call(&sick, HostHealth::Up), [BreakerScope::Lock]);
    assert_eq!(fixture.tree.root.size(), 0);
}

#[test]
fn a_success_of_the_same_part_resets_the_count() {
    let (mut fixture, path) = (Fixture::new(), lock("a", "q", 1));
    for _ in 0..10 {
        fixture.fail(&path, OPENS_AFTER - 1);
        assert_eq!(fixture.call(&path, HostHealth::Up), []);
    }
}

#[test]
fn failures_that_are_far_apart_do_not_count_together() {
    let (mut fixture, path) = (Fixture::new(), lock("a", "q", 1));
    for _ in 0..10 {
        fixture.fail(&path, 1);
        fixture.now += super::failure_count::WINDOW;
    }
}

#[test]
fn two_that_fail_open_the_breaker_above_them_and_a_single_failure_of_the_second_does_not() {
    for (first, second, scope) in [
        (lock("a", "q", 1), lock("a", "q", 2), BreakerScope::Iq),
        (lock("a", "q", 1), lock("a", "other", 2), BreakerScope::Integration),
        (
            lock("a", "q", 1),
            CallPath::to(&caller("a", "NL1"), Part::Site),
            BreakerScope::Integration,
        ),
        (lock("a", "q", 1), lock("b", "q", 2), BreakerScope::Host),
    ] {
        let mut fixture = Fixture::new();
        fixture.fail(&first, MOST_OF_ONE + 1);
        fixture.fail(&second, OPENS_AFTER - MOST_OF_ONE - 1);
        assert_eq!(fixture.call(&second, HostHealth::Failed), [scope]);
        for path in [&first, &second] {
            assert!(fixture.permit(path).is_err(), "{path}");
        }
    }
}

#[test]
fn a_success_between_the_failures_of_two_accounts_shows_that_the_host_works() {
    let mut fixture = Fixture::new();
    let healthy = lock("healthy", "q", 1);
    for n in 0..OPENS_AFTER - 1 {
        fixture.fail(&lock("a", "q", 1), 1);
        fixture.fail(&lock("b", "q", 1), 1);
        assert_eq!(fixture.call(&healthy, HostHealth::Up), [], "{n}");
    }
}

#[test]
fn one_account_at_two_sites_is_one_account() {
    let mut fixture = Fixture::new();
    for site in ["NL1", "NL2", "NL3"] {
        let path = CallPath::of_integration(&caller("a", site));
        fixture.fail(&path, OPENS_AFTER - 1);
        assert_eq!(fixture.call(&path, HostHealth::Failed), [BreakerScope::Integration], "{site}");
    }
    let other = CallPath::of_integration(&caller("b", "NL1"));
    fixture.fail(&other, OPENS_AFTER - MOST_OF_ONE - 1);
    assert_eq!(fixture.call(&other, HostHealth::Failed), [BreakerScope::Host]);
}

#[test]
fn what_has_been_open_for_long_counts_no_longer_above() {
    let mut fixture = Fixture::new();
    let (sick, other) = (lock("a", "q", 1), lock("b", "q", 1));
    fixture.fail(&sick, OPENS_AFTER - 1);
    fixture.call(&sick, HostHealth::Failed);
    for _ in 0..20 {
        fixture.now += OPEN_MAX;
        fixture.fail(&sick, 1);
    }
    fixture.fail(&other, OPENS_AFTER - 1);
}

#[test]
fn the_probes_of_a_host_are_those_of_its_accounts_in_turn() {
    let mut fixture = Fixture::new();
    let paths = [lock("sick", "q", 1), lock("well", "q", 1)];
    fixture.fail(&paths[0], MOST_OF_ONE);
    fixture.fail(&paths[1], 1);
    assert_eq!(fixture.call(&paths[1], HostHealth::Failed), [BreakerScope::Host]);
    let wait = paths.each_ref().map(|path| fixture.permit(path).unwrap_err().retry_after)[0];
    fixture.now += wait;
    fixture.fail(&paths[0], 1);
    let refused = fixture.permit(&paths[0]).unwrap_err();
    fixture.permit(&paths[1]).unwrap_err();
    fixture.now += refused.retry_after;
    let refused = fixture.permit(&paths[0]).unwrap_err();
    assert!(refused.depth == 0 && refused.retry_after <= Duration::from_millis(500));
    assert_eq!(fixture.call(&paths[1], HostHealth::Up), [BreakerScope::Host]);
    assert!(fixture.permit(&paths[0]).is_ok());
}

#[test]
fn an_account_that_waits_for_its_turn_no_longer_is_waited_for_a_second() {
    let mut fixture = Fixture::new();
    let paths = [lock("a", "q", 1), lock("gone", "q", 1)];
    fixture.fail(&paths[1], MOST_OF_ONE);
    fixture.fail(&paths[0], 1);
    assert_eq!(fixture.call(&paths[0], HostHealth::Failed), [BreakerScope::Host]);
    fixture.permit(&paths[1]).unwrap_err();
    fixture.now += Duration::from_secs(1);
    assert!(fixture.permit(&paths[0]).is_ok(), "neither has probed");
    fixture.now += PROBE_LIMIT;
    assert!(fixture.permit(&paths[0]).is_err());
    fixture.now += Duration::from_secs(1);
    assert!(fixture.permit(&paths[0]).is_ok());
}

#[test]
fn an_account_that_has_not_failed_is_not_stopped_by_the_breaker_of_the_host() {
    let mut fixture = Fixture::new();
    fixture.fail(&lock("a", "q", 1), MOST_OF_ONE);
    fixture.fail(&lock("b", "q", 1), 1);
    assert_eq!(fixture.call(&lock("b", "q", 1), HostHealth::Failed), [BreakerScope::Host]);
    let third = lock("c", "q", 1);
    fixture.fail(&third, 1);
    assert_eq!(fixture.permit(&third).unwrap_err().depth, 0, "now it has");
    assert_eq!(fixture.call(&lock("d", "q", 1), HostHealth::Up), [BreakerScope::Host]);
    assert_eq!(fixture.host(), BreakerState::Closed);
    assert!(fixture.permit(&third).is_ok());
}

#[test]
fn a_host_that_cannot_be_reached_stops_all_calls_and_says_nothing_about_its_parts() {
    let mut fixture = Fixture::new();
    let (path, other) = (lock("a", "q", 1), lock("b", "q", 1));
    for _ in 1..OPENS_AFTER {
        assert_eq!(fixture.call(&path, HostHealth::Unreachable), []);
    }
    assert_eq!(fixture.call(&path, HostHealth::Unreachable), [BreakerScope::Host]);
    assert_eq!(fixture.permit(&other).unwrap_err().depth, 0);
    fixture.now += OPEN_MAX;
    assert_eq!(fixture.call(&other, HostHealth::Up), [BreakerScope::Host]);
    assert_eq!(fixture.tree.root.size(), 0);
}

#[test]
fn a_probe_that_hangs_or_is_abandoned_is_replaced() {
    let (mut fixture, path) = (Fixture::new(), lock("a", "q", 1));
    fixture.fail(&path, OPENS_AFTER - 1);
    fixture.call(&path, HostHealth::Failed);
    fixture.now += Duration::from_secs(1);
    let hanging = fixture.permit(&path).unwrap();
    assert!(fixture.permit(&path).unwrap_err().retry_after <= Duration::from_millis(500));
    fixture.now += PROBE_LIMIT;
    let next = fixture.permit(&path).unwrap();
    // What becomes of the first one now changes nothing unless it is a success.
    assert_eq!(fixture.end(&path, hanging, HostHealth::Failed), []);
    assert!(fixture.permit(&path).is_err());
    fixture.tree.root.abandon(path.parts(), next, fixture.now);
    assert!(fixture.permit(&path).is_ok());
}

#[test]
fn the_number_of_parts_is_limited() {
    let mut fixture = Fixture::new();
    for n in 0..2 * MOST_PARTS as u128 {
        if let Ok(call) = fixture.permit(&lock("a", "q", n)) {
            fixture.end(&lock("a", "q", n), call, HostHealth::Failed);
        }
    }
    assert!(fixture.tree.root.size() <= MOST_PARTS + 2, "{}", fixture.tree.root.size());
}
