//! Every message arrives twice, with three workers.

use end_to_end::fixture::Fixture;
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::setup::Setup;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const REQUESTS: usize = 1000;
const ROOMS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_published_twice_open_a_thousand_times() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.request_ttl", "10m");
    let fixture = Fixture::new(setup, 3).await;
    for room in 1..=ROOMS {
        let mut booking = booking_status(&format!("b-{room}"), "paid");
        booking["data"]["object_ids"] = json!([format!("room-{room}")]);
        fixture.bus.booking(&booking).await;
        fixture.bus.booking(&booking).await;
    }
    fixture.wait_until_settled("booking-status", 1 + 2 * ROOMS as u64).await;

    let requests: Vec<Value> = (0..REQUESTS)
        .map(|number| open_request(&format!("r-{number}"), &format!("b-{}", number % ROOMS + 1)))
        .collect();
    // Both copies at the same time, so that workers compete for each request.
    tokio::join!(fixture.bus.open_requests(&requests), fixture.bus.open_requests(&requests));
    fixture.outbound.ended(REQUESTS, Duration::from_secs(120)).await;
    fixture.wait_until_settled("open-requests", 2 * REQUESTS as u64).await;
    fixture.outbound.catch_up().await;

    let terminals = fixture.outbound.terminals();
    assert_eq!(terminals.len(), REQUESTS);
    let mut ids = BTreeSet::new();
    for (request, events) in &terminals {
        assert!(events.iter().all(|event| *event == events[0]), "{request}: {events:?}");
        assert_eq!(events[0].kind, "lock.opened.v1", "{request}");
        assert_eq!(events[0].data["attempts"], 1, "{request}");
        ids.insert(&events[0].id);
    }
    assert_eq!(ids.len(), REQUESTS, "distinct terminal events");
    assert_eq!(fixture.setup.simulator.opening_count().await, REQUESTS as u64);
    assert_eq!(fixture.setup.simulator.counters().await["commands"], REQUESTS);
    for room in 1..=ROOMS {
        assert_eq!(fixture.outbound.check_ins(&format!("b-{room}")).len(), 1, "room {room}");
    }
    for worker in &fixture.workers {
        assert!(worker.settled("open-requests").await > 0, "all three had work");
    }
    assert_eq!(fixture.bus.dead_letters().await, []);
}

#[tokio::test]
async fn two_copies_of_a_request_that_fails_make_one_dead_letter() {
    let fixture = Fixture::new(Setup::new().await, 3).await;
    fixture.store_booking("room-nowhere").await;
    let requests: Vec<Value> =
        (0..50).map(|number| open_request(&format!("r-{number}"), "room-nowhere")).collect();
    tokio::join!(fixture.bus.open_requests(&requests), fixture.bus.open_requests(&requests));
    fixture.wait_until_settled("open-requests", 2 * requests.len() as u64).await;
    fixture.outbound.catch_up().await;
    for request in &requests {
        let id = request["id"].as_str().expect("an id is text");
        assert_eq!(fixture.outbound.only_terminal(id).text("reason"), "lock_not_found", "{id}");
    }
    let letters = fixture.bus.dead_letters().await;
    let bodies: BTreeSet<_> = letters.iter().map(|letter| &letter.body).collect();
    assert_eq!((letters.len(), bodies.len()), (requests.len(), requests.len()));
}
