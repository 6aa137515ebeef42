//! Parked requests are not lost and not executed twice, and the rules are evaluated again when they come back.

use end_to_end::broker::{RETRY_QUEUES, request_queues};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use std::os::unix::process::ExitStatusExt;

/// The number of messages in the retry queues.
async fn parked(fixture: &Fixture) -> u32 {
    let mut sum = 0;
    for queue in RETRY_QUEUES {
        sum += fixture.bus.waiting(queue).await.unwrap_or_default();
    }
    sum
}

/// A worker with a pause of this number of seconds from Salto, which has parked this number of requests.
async fn paused(seconds: u64, requests: usize) -> Fixture {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 2);
    let fixture = Fixture::new(setup, 1).await;
    let pause = json!({"kind": "rate_limit", "retry_after": seconds, "call": "open", "times": 1});
    fixture.setup.simulator.add_fault(pause).await;
    let requests: Vec<Value> =
        (0..requests).map(|number| open_request(&format!("r-{number}"), BOOKING)).collect();
    fixture.bus.open_request(&requests[0]).await;
    until_true("the first to be parked", SOON, || async { parked(&fixture).await == 1 }).await;
    fixture.bus.open_requests(&requests[1..]).await;
    until_true("all but those in the worker's hands to be parked", SOON, || async {
        parked(&fixture).await as usize + 2 >= requests.len()
    })
    .await;
    fixture
}

/// Waits until every message is acknowledged.
async fn wait_until_all_settled(fixture: &Fixture) {
    until_true("all messages to be settled", SOON * 2, || async {
        let mut waiting = 0;
        for queue in request_queues() {
            waiting += fixture.bus.waiting(queue).await.unwrap_or_default();
        }
        waiting == 0
    })
    .await;
    for worker in &fixture.workers {
        worker.idle(SOON).await;
    }
    fixture.outbound.catch_up().await;
}

#[tokio::test]
async fn requests_parked_by_a_worker_that_is_killed_are_opened_by_another_one() {
    let mut fixture = paused(8, 30).await;
    fixture.workers.remove(0).kill().await;
    fixture.workers.push(fixture.setup.worker("second").start().await);

    fixture.outbound.ended(30, SOON * 2).await;
    wait_until_all_settled(&fixture).await;
    for number in 0..30 {
        let opened = fixture.outbound.only_terminal(&format!("r-{number}"));
        assert_eq!(opened.kind, "lock.opened.v1", "r-{number}");
    }
    let (opened, commands) = (
        fixture.setup.simulator.opening_count().await,
        fixture.setup.simulator.commands().await.len(),
    );
    assert_eq!((opened, commands), (30, 31), "one got the pause");
}

async fn killed_at(point: &str) {
    let mut fixture = Fixture::new(Setup::new().await, 1).await;
    let pause = json!({"kind": "rate_limit", "retry_after": 3, "call": "open", "times": 1});
    fixture.setup.simulator.add_fault(pause).await;
    fixture.workers[0].kill_at(point);
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    assert_eq!(fixture.workers.remove(0).ended(SOON).await.signal(), Some(9), "at {point}");
    fixture.workers.push(fixture.setup.worker("second").start().await);

    let opened = fixture.outbound.terminal("R-1", SOON).await;
    wait_until_all_settled(&fixture).await;
    assert_eq!(fixture.outbound.only_terminal("R-1"), opened, "killed at {point}");
    let found = (&*opened.kind, &opened.data["attempts"]);
    assert_eq!(found, ("lock.opened.v1", &json!(2)), "killed at {point}");
    assert_eq!(fixture.setup.simulator.opening_count().await, 1, "killed at {point}");
    assert_eq!(fixture.outbound.check_ins(BOOKING).len(), 1, "killed at {point}");
    assert_eq!(fixture.bus.dead_letters().await, [], "killed at {point}");
}

#[tokio::test]
async fn a_worker_killed_while_parking_neither_loses_nor_duplicates_the_request() {
    tokio::join!(killed_at("before-park"), killed_at("after-park"));
}

#[tokio::test]
async fn a_deactivated_integration_opens_nothing_for_parked_requests() {
    let mut fixture = paused(6, 10).await;
    fixture.setup.settings.set_integration("active", false);
    fixture.setup.write_settings("worker-1");
    fixture.workers[0].signal(Signal::SIGHUP);
    fixture.workers[0].wait_for_log("configuration reloaded", SOON).await;

    fixture.outbound.ended(10, SOON * 2).await;
    for number in 0..10 {
        let rejected = fixture.outbound.only_terminal(&format!("r-{number}"));
        let found = (&*rejected.kind, rejected.text("reason"));
        assert_eq!(found, ("lock.open-rejected.v1", "integration_inactive"), "r-{number}");
    }
    let (opened, commands) = (
        fixture.setup.simulator.opening_count().await,
        fixture.setup.simulator.commands().await.len(),
    );
    assert_eq!((opened, commands), (0, 1), "the one that got the pause");
}

#[tokio::test]
async fn a_parked_request_that_cannot_succeed_is_answered_after_its_wait() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 2);
    setup.settings.set("opening.booking_wait", "3s");
    let fixture = Fixture::new(setup, 1).await;
    let requests: Vec<Value> =
        (0..20).map(|number| open_request(&format!("r-{number}"), "B-unknown")).collect();
    fixture.bus.open_requests(&requests).await;
    fixture.outbound.ended(20, SOON).await;
    wait_until_all_settled(&fixture).await;
    for request in &requests {
        let id = request["id"].as_str().expect("an id is text");
        let rejected = fixture.outbound.only_terminal(id);
        assert_eq!(rejected.text("reason"), "booking_unknown", "{id}");
        let time = |event: &Value| {
            let text = event["time"].as_str().expect("a time is text");
            chrono::DateTime::parse_from_rfc3339(text).expect("a time is RFC 3339")
        };
        let waited = time(&rejected.body) - time(request);
        assert!(waited >= chrono::TimeDelta::seconds(3), "{id} waited {waited}");
    }
}

/// A worker has no free permit, and another worker opens the request that it has parked.
#[tokio::test]
async fn any_worker_can_take_a_parked_request() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 1);
    setup.settings.set("opening.booking_wait", "55s");
    let mut fixture = Fixture::new(setup, 1).await;
    let hang = json!({"kind": "no_answer", "call": "open", "iq": IQ_GROUND_FLOOR});
    fixture.setup.simulator.add_fault(hang).await;
    fixture.bus.open_request(&open_request("parked", "room-13")).await;
    until_true("the request to be parked", SOON, || async { parked(&fixture).await == 1 }).await;
    fixture.bus.open_request(&open_request("hangs", BOOKING)).await;
    fixture.setup.simulator.wait_for_commands(1, SOON).await;

    let other = fixture.setup.worker("other").start().await;
    fixture.workers.push(other);
    fixture.store_booking("room-13").await;
    let opened = fixture.outbound.terminal("parked", SOON).await;
    assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &json!(1)));
    assert_eq!(fixture.outbound.answers("hangs"), [], "its worker has had no place");
}
