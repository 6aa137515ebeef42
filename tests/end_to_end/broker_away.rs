//! RabbitMQ is killed or frozen, closes all connections, or loses a queue: workers report it and recover, and nothing
//! is lost.

use end_to_end::broker::PrivateBroker;
use end_to_end::deadline::{SOON, until, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::requests_for;
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use serde_json::{Value, json};
use std::time::Duration;

/// The time within which `/readyz` must answer 503 (docs/contract.md, Health).
const NOTICED: Duration = Duration::from_secs(15);
/// The time within which a worker must be ready again: the longest pause between sessions, with a margin.
const BACK: Duration = Duration::from_secs(60);

/// Many requests and a slow Salto, so that they can be interrupted: about 60 per second.
async fn under_load(mut setup: Setup, requests: usize) -> (Fixture, Vec<Value>) {
    setup.settings.set("opening.request_ttl", "5m");
    setup.settings.set("broker.prefetch", 16);
    setup.settings.set("opening.in_flight_per_iq", 16);
    setup.settings.set("opening.in_flight_per_integration", 16);
    let fixture = Fixture::new(setup, 2).await;
    let fault = json!({"kind": "delay", "delay_ms": 500, "call": "open"});
    fixture.setup.simulator.add_fault(fault).await;
    let requests = requests_for(&fixture.store_rooms().await, requests);
    fixture.bus.open_requests(&requests).await;
    (fixture, requests)
}

/// Every request was opened once, with one answer.
async fn all_opened_once(fixture: &Fixture, requests: &[Value]) {
    fixture.outbound.ended(requests.len(), BACK).await;
    for worker in &fixture.workers {
        worker.idle(SOON).await;
    }
    fixture.outbound.catch_up().await;
    for request in requests {
        let id = request["id"].as_str().expect("an id is text");
        let end = fixture.outbound.only_terminal(id);
        assert_eq!((&*end.kind, &end.data["attempts"]), ("lock.opened.v1", &json!(1)), "{id}");
    }
    assert_eq!(fixture.setup.simulator.opening_count().await, requests.len() as u64);
    assert_eq!(fixture.outbound.check_ins(BOOKING).len(), 1);
    let bus = fixture.setup.vhost.bus().await;
    until_true("the queue to be empty", SOON, || async {
        bus.waiting("postern.open-requests").await == Some(0)
    })
    .await;
    assert_eq!(bus.dead_letters().await, []);
}

async fn all_ready(workers: &[Worker]) {
    for worker in workers {
        worker.ready(BACK).await;
    }
}

#[tokio::test]
async fn a_broker_stopped_and_killed_under_load_loses_nothing_and_no_door_opens_twice() {
    let mut broker = PrivateBroker::start().await;
    let (mut fixture, requests) = under_load(Setup::on_broker(&broker).await, 900).await;
    fixture.setup.simulator.wait_for_openings(30, SOON).await;
    // Stopped in order the first time: RabbitMQ 3.10 writes the place of a new quorum queue's log within minutes, or
    // when it is stopped. If it is killed before, it finds the queue without data after the restart, and nothing can
    // subscribe.
    broker.stop().await;
    broker.restart().await;
    all_ready(&fixture.workers).await;

    let opened = fixture.setup.simulator.opening_count().await;
    fixture.setup.simulator.wait_for_openings(opened + 30, SOON).await;
    broker.kill().await;
    for worker in &fixture.workers {
        worker.unready(NOTICED).await;
    }
    assert!(fixture.outbound.ended_so_far() < requests.len(), "it was killed in the middle");
    // Another worker, started while the broker is unavailable.
    let late = fixture.setup.worker("late").spawn();
    late.wait_for_log("no session with RabbitMQ", SOON).await;
    assert_eq!(late.status_of("/livez").await, Some(200));
    assert_eq!(late.status_of("/readyz").await, Some(503));
    fixture.workers.push(late);

    broker.restart().await;
    all_ready(&fixture.workers).await;
    all_opened_once(&fixture, &requests).await;
}

#[tokio::test]
async fn a_frozen_broker_is_noticed_and_its_messages_continue_afterwards() {
    let broker = PrivateBroker::start().await;
    let (fixture, requests) = under_load(Setup::on_broker(&broker).await, 100).await;
    fixture.setup.simulator.wait_for_openings(30, SOON).await;
    broker.freeze();
    for worker in &fixture.workers {
        worker.unready(NOTICED).await;
        assert_eq!(worker.status_of("/livez").await, Some(200));
    }
    broker.resume();
    all_ready(&fixture.workers).await;
    all_opened_once(&fixture, &requests).await;

    // Without a message the freeze would have no effect.
    broker.freeze();
    for worker in &fixture.workers {
        worker.unready(NOTICED).await;
    }
    broker.resume();
    all_ready(&fixture.workers).await;
}

#[tokio::test]
async fn workers_whose_connections_are_closed_reconnect() {
    let (fixture, requests) = under_load(Setup::new().await, 600).await;
    for opened in [30, 150] {
        fixture.setup.simulator.wait_for_openings(opened, SOON).await;
        // The management API shows new connections with a delay.
        until("connections to close", SOON, || async {
            (fixture.setup.vhost.close_connections().await >= 4).then_some(())
        })
        .await;
    }
    assert!(fixture.outbound.ended_so_far() < requests.len(), "they were closed in the middle");
    all_ready(&fixture.workers).await;
    all_opened_once(&fixture, &requests).await;
    for worker in &fixture.workers {
        assert!(worker.log().contains("session lost"), "it was disconnected");
    }
}

#[tokio::test]
async fn a_worker_whose_queue_is_replaced_immediately_subscribes_again() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let arguments = fixture.setup.vhost.queue("postern.open-requests").await["arguments"].clone();
    let (queue, routing_key) = ("postern.open-requests", "lock.open-request.#");
    fixture.bus.replace_queue(queue, &arguments, routing_key).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_worker_whose_queue_is_deleted_declares_it_again_and_subscribes() {
    let fixture = Fixture::new(Setup::new().await, 2).await;
    for queue in ["postern.open-requests", "postern.booking-status"] {
        fixture.bus.delete_queue(queue).await;
        until_true("both workers to be subscribed again", BACK, || async {
            fixture.bus.consumers(queue).await == Some(2)
        })
        .await;
    }
    all_ready(&fixture.workers).await;
    let before = fixture.settled("booking-status").await;
    fixture.store_booking("room-1").await;
    assert_eq!(fixture.settled("booking-status").await, before + 1);
    assert_eq!(fixture.open("R-1", "room-1").await.kind, "lock.opened.v1");
}
