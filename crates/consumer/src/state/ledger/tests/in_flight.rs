//! Limits of commands in flight, and pauses.

use std::collections::HashMap;

use salto::{ClockStore, MovedLock, SaltoClock, SharedCorrections};

use super::*;
use crate::state::moved_locks::MovedLocks;

#[tokio::test]
async fn the_longer_pause_remains() {
    let fixture = Fixture::booked(LEASE).await;
    let pause = async || {
        fixture.claimed(&mut ClaimOwner::new(false), false, LastCommand::NoneOrUnknown).await.pause
    };
    let fixture_pause = |seconds| fixture.pauses.share("acme", Duration::from_secs(seconds));
    fixture_pause(60).await.unwrap();
    fixture_pause(1).await.unwrap();
    assert!(pause().await > Duration::from_secs(50));
}

/// One of several requests of an integration, each with a delivery of its own.
struct Competitor {
    key: Uuid,
    owner: ClaimOwner,
}

impl Competitor {
    fn new() -> Self {
        Self { key: Uuid::new_v4(), owner: ClaimOwner::new(false) }
    }

    fn key<'a>(&self, fixture: &'a Fixture) -> RequestKey<'a> {
        RequestKey { key: self.key, ..fixture.key() }
    }

    /// Claims with a command to that IQ, and to a lock of its own.
    async fn plans(&mut self, fixture: &Fixture, iq_id: &str) -> Reservation {
        self.plans_at(fixture, iq_id, self.key).await
    }

    /// Claims with a command to that lock.
    async fn plans_at(&mut self, fixture: &Fixture, iq_id: &str, lock_id: Uuid) -> Reservation {
        self.owner.next_attempt();
        let target = Some(CommandTarget { iq_id, lock_id });
        let planned = PlannedCommand { target, ..to_iq(true) };
        let last = LastResult { command: LastCommand::NoneOrUnknown, failure: None };
        let key = self.key(fixture);
        match fixture.ledger.claim(key, &self.owner, planned, last).await.unwrap() {
            ClaimAnswer::Claimed(claimed) => {
                self.owner.grant(&claimed);
                claimed.reservation
            }
            other => panic!("not claimed: {other:?}"),
        }
    }
}

#[tokio::test]
async fn commands_in_flight_are_limited_per_iq_and_per_integration() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.heartbeat.beat(Duration::from_secs(60)).await.unwrap();
    let [mut a, mut b, mut c, mut d] = [(); 4].map(|()| Competitor::new());
    assert_eq!(a.plans(&fixture, "iq-1").await, Reservation::Reserved);
    assert_eq!(b.plans(&fixture, "iq-1").await, Reservation::Reserved);
    assert_eq!(
        b.plans(&fixture, "iq-1").await,
        Reservation::Reserved,
        "its own reservation counts once"
    );
    assert_eq!(c.plans(&fixture, "iq-1").await, Reservation::Full, "two at this IQ");
    assert_eq!(c.plans(&fixture, "iq-2").await, Reservation::Reserved);
    assert_eq!(d.plans(&fixture, "iq-3").await, Reservation::Full, "three for the integration");

    fixture.concluded(a.key(&fixture), &a.owner, "x").await;
    assert_eq!(d.plans(&fixture, "iq-1").await, Reservation::Reserved, "one has its outcome");
    let last = LastResult { command: LastCommand::NoEffect, failure: None };
    fixture.ledger.release(b.key(&fixture), &b.owner, last, NO_WAIT).await.unwrap();
    let mut e = Competitor::new();
    assert_eq!(e.plans(&fixture, "iq-1").await, Reservation::Reserved, "one was released");
}

#[tokio::test]
async fn a_dead_workers_commands_do_not_count() {
    let fixture = Fixture::booked(LEASE).await;
    let [mut a, mut b, mut c] = [(); 3].map(|()| Competitor::new());
    fixture.ledger.heartbeat.beat(Duration::from_secs(60)).await.unwrap();
    assert_eq!(a.plans(&fixture, "iq-1").await, Reservation::Reserved);
    assert_eq!(b.plans(&fixture, "iq-1").await, Reservation::Reserved);
    assert_eq!(c.plans(&fixture, "iq-1").await, Reservation::Full);
    fixture.ledger.heartbeat.stop().await.unwrap();
    assert_eq!(c.plans(&fixture, "iq-1").await, Reservation::Reserved);
}

#[tokio::test]
async fn one_command_at_a_time_is_in_flight_to_a_lock() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.heartbeat.beat(Duration::from_secs(60)).await.unwrap();
    let [mut a, mut b, mut c] = [(); 3].map(|()| Competitor::new());
    assert_eq!(a.plans_at(&fixture, "iq-1", LOCK).await, Reservation::Reserved);
    assert_eq!(a.plans_at(&fixture, "iq-1", LOCK).await, Reservation::Reserved, "its own");
    assert_eq!(b.plans_at(&fixture, "iq-1", LOCK).await, Reservation::Full);
    assert_eq!(b.plans_at(&fixture, "iq-2", LOCK).await, Reservation::Full, "found at another IQ");
    assert_eq!(b.plans(&fixture, "iq-1").await, Reservation::Reserved, "another lock");

    fixture.concluded(a.key(&fixture), &a.owner, "x").await;
    assert_eq!(
        c.plans_at(&fixture, "iq-1", LOCK).await,
        Reservation::Reserved,
        "it has its outcome"
    );
    let last = LastResult { command: LastCommand::NoEffect, failure: None };
    fixture.ledger.release(c.key(&fixture), &c.owner, last, NO_WAIT).await.unwrap();
    let mut d = Competitor::new();
    assert_eq!(d.plans_at(&fixture, "iq-1", LOCK).await, Reservation::Reserved, "it was released");
    fixture.ledger.heartbeat.stop().await.unwrap();
    let mut e = Competitor::new();
    assert_eq!(e.plans_at(&fixture, "iq-1", LOCK).await, Reservation::Reserved, "its worker died");
}

#[tokio::test]
async fn what_nobody_can_read_among_the_commands_in_flight_takes_no_room() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.heartbeat.beat(Duration::from_secs(60)).await.unwrap();
    let (keys, store) = (&fixture.ledger.keys, &fixture.ledger.store);
    store
        .query::<()>(redis::cmd("SET").arg(keys.in_flight_at("acme", LOCK)).arg("x"))
        .await
        .unwrap();
    for member in ["x", "y"] {
        let mut add = redis::cmd("ZADD");
        add.arg(keys.in_flight_to("acme", "iq-1")).arg("inf").arg(member);
        store.query::<()>(&add).await.unwrap();
    }
    let mut one = Competitor::new();
    assert_eq!(one.plans_at(&fixture, "iq-1", LOCK).await, Reservation::Reserved);
}

#[tokio::test]
async fn a_request_without_a_permit_has_sent_nothing() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.heartbeat.beat(Duration::from_secs(60)).await.unwrap();
    let [mut a, mut b] = [(); 2].map(|()| Competitor::new());
    a.plans(&fixture, "iq-1").await;
    b.plans(&fixture, "iq-1").await;
    let mut owner = ClaimOwner::new(false);
    for _ in 0..3 {
        let claimed = fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
        assert_eq!((claimed.reservation, claimed.attempts), (Reservation::Full, 0));
        assert_eq!(claimed.doubt.commands, 0);
    }
}

#[tokio::test]
async fn while_otps_are_rejected_one_command_is_in_flight_at_a_time() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.heartbeat.beat(Duration::from_secs(60)).await.unwrap();
    let mut set = redis::cmd("HSET");
    set.arg(fixture.ledger.keys.otp_status("acme")).arg("iq-1").arg("1 0");
    fixture.ledger.store.query::<()>(&set).await.unwrap();
    let [mut a, mut b, mut c] = [(); 3].map(|()| Competitor::new());
    assert_eq!(a.plans(&fixture, "iq-1").await, Reservation::Reserved);
    assert_eq!(b.plans(&fixture, "iq-1").await, Reservation::Full);
    assert_eq!(
        c.plans(&fixture, "iq-2").await,
        Reservation::Reserved,
        "another IQ is not concerned"
    );
}

#[tokio::test]
async fn while_the_cause_of_a_rejection_is_looked_for_its_request_holds_back_the_others() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.heartbeat.beat(Duration::from_secs(60)).await.unwrap();
    let [mut rejected, mut second, mut third] = [(); 3].map(|()| Competitor::new());
    assert_eq!(rejected.plans(&fixture, "iq-1").await, Reservation::Reserved);
    let store = &fixture.ledger.store;
    let looked_for = fixture.ledger.keys.rejection("acme", "iq-1");
    store.query::<()>(redis::cmd("SET").arg(&looked_for).arg(1)).await.unwrap();
    assert_eq!(second.plans(&fixture, "iq-1").await, Reservation::Full);
    assert_eq!(second.plans(&fixture, "iq-2").await, Reservation::Reserved, "another IQ");
    store.query::<()>(redis::cmd("DEL").arg(&looked_for)).await.unwrap();
    assert_eq!(third.plans(&fixture, "iq-1").await, Reservation::Reserved);
}

#[tokio::test]
async fn a_claim_has_what_other_workers_have_corrected() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut owner, last) = (ClaimOwner::new(false), LastCommand::NoneOrUnknown);
    let before = fixture.claimed(&mut owner, false, last).await;
    assert_eq!(before.corrections, SharedCorrections::default());

    let (store, prefix) = (&fixture.ledger.store, &fixture.ledger.key_prefix);
    let moved_locks = MovedLocks::new(Arc::clone(store), Keys::new(prefix.as_str()));
    let (lock, without_iq) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let moved = [
        MovedLock { lock_id: lock, iq_id: Some("iq-2".to_owned()) },
        MovedLock { lock_id: without_iq, iq_id: None },
    ];
    moved_locks.share("acme", &moved).await.unwrap();
    let clocks = ClockStore::new(store.pool(), prefix);
    clocks.share_correction(&SaltoClock::new("acceptance")).await.unwrap();
    clocks.share_correction(&SaltoClock::new("production")).await.unwrap();
    clocks.share_correction(&SaltoClock::new("production")).await.unwrap();
    let expected = HashMap::from([(lock, "iq-2".to_owned()), (without_iq, String::new())]);
    let after = fixture.claimed(&mut owner, false, last).await;
    assert_eq!(after.corrections, SharedCorrections { moved_locks: expected, clock: 1 });
}
