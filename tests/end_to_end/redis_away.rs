//! Redis is killed, frozen or emptied: messages stay in RabbitMQ, and no door opens without the data in Redis.

use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{booking_status, requests_for};
use end_to_end::redis::{PrivateRedis, connect};
use end_to_end::setup::Setup;
use serde_json::{Value, json};
use std::time::Duration;

/// The time within which `/readyz` must answer 503 (docs/contract.md, Health).
const NOTICED: Duration = Duration::from_secs(15);

async fn under_load(server: &PrivateRedis, requests: usize) -> (Fixture, Vec<Value>) {
    let mut setup = Setup::on_redis(server).await;
    setup.settings.set("opening.request_ttl", "5m");
    setup.settings.set("broker.prefetch", 16);
    setup.settings.set("opening.in_flight_per_iq", 32);
    setup.settings.set("opening.in_flight_per_integration", 32);
    let fixture = Fixture::new(setup, 2).await;
    let fault = json!({"kind": "delay", "delay_ms": 100, "call": "open"});
    fixture.setup.simulator.add_fault(fault).await;
    let requests = requests_for(&fixture.store_rooms().await, requests);
    fixture.bus.open_requests(&requests).await;
    (fixture, requests)
}

async fn all_opened_once(fixture: &Fixture, requests: &[Value]) {
    fixture.outbound.ended(requests.len(), SOON * 2).await;
    fixture.wait_until_settled("open-requests", requests.len() as u64).await;
    fixture.outbound.catch_up().await;
    for request in requests {
        let id = request["id"].as_str().expect("an id is text");
        let end = fixture.outbound.only_terminal(id);
        assert_eq!((&*end.kind, &end.data["attempts"]), ("lock.opened.v1", &json!(1)), "{id}");
    }
    assert_eq!(fixture.setup.simulator.opening_count().await, requests.len() as u64);
    assert_eq!(fixture.outbound.check_ins(BOOKING).len(), 1);
    assert_eq!(fixture.bus.dead_letters().await, []);
}

#[tokio::test]
async fn a_redis_killed_under_load_loses_nothing_and_no_door_opens_twice() {
    let mut server = PrivateRedis::start().await;
    let (mut fixture, requests) = under_load(&server, 200).await;
    fixture.setup.simulator.wait_for_openings(50, SOON).await;
    server.kill().await;
    for worker in &fixture.workers {
        worker.unready(NOTICED).await;
        assert_eq!(worker.status_of("/livez").await, Some(200));
    }
    assert!(fixture.outbound.ended_so_far() < requests.len(), "it was killed in the middle");
    // Booking statuses are retried without end. Another worker is started while Redis is unavailable.
    let settled = fixture.settled("booking-status").await;
    fixture.bus.booking(&booking_status("B-2", "paid")).await;
    let late = fixture.setup.worker("late").spawn();
    late.wait_for_log("waiting for Redis", SOON).await;
    assert_eq!(late.status_of("/readyz").await, Some(503));
    // An alert needs the gauges, also of a worker that has never been ready.
    let metrics = late.metrics().await;
    for gauge in ["postern_subscribed 0", "postern_redis_up 0", "postern_broker_blocked 0"] {
        assert!(metrics.lines().any(|line| line == gauge), "no {gauge} in {metrics}");
    }
    fixture.workers.push(late);

    server.restart().await;
    for worker in &fixture.workers {
        worker.ready(SOON).await;
    }
    all_opened_once(&fixture, &requests).await;
    fixture.wait_until_settled("booking-status", settled + 1).await;
    assert_eq!(fixture.open("R-2", "B-2").await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_frozen_redis_is_noticed_and_requests_continue_afterwards() {
    let server = PrivateRedis::start().await;
    let (fixture, requests) = under_load(&server, 100).await;
    fixture.setup.simulator.wait_for_openings(30, SOON).await;
    server.freeze();
    for worker in &fixture.workers {
        worker.unready(NOTICED).await;
    }
    server.resume();
    for worker in &fixture.workers {
        worker.ready(SOON).await;
    }
    all_opened_once(&fixture, &requests).await;
}

#[tokio::test]
async fn an_emptied_redis_opens_nothing() {
    let server = PrivateRedis::start().await;
    let mut setup = Setup::on_redis(&server).await;
    setup.settings.set("opening.booking_wait", "200ms");
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("before", BOOKING).await.kind, "lock.opened.v1");

    let mut connection = connect(&server.url()).await;
    let flush = deadpool_redis::redis::cmd("FLUSHALL");
    flush.query_async::<()>(&mut connection).await.expect("it is emptied");
    let rejected = fixture.open("after", BOOKING).await;
    let found = (&*rejected.kind, rejected.text("reason"));
    assert_eq!(found, ("lock.open-rejected.v1", "booking_unknown"));

    // The booking is published again, so it is known; the IQ's secret is not.
    fixture.store_status(&booking_status(BOOKING, "paid")).await;
    let failed = fixture.open("known", BOOKING).await;
    assert_eq!(failed.text("reason"), "iq_not_activated");
    assert_eq!(fixture.setup.simulator.commands().await.len(), 1, "only the one before");
}
