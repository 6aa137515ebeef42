//! Requests that expired while they waited in the queue.

use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{open_request, time};
use end_to_end::setup::Setup;
use serde_json::Value;

#[tokio::test]
async fn a_request_that_expired_in_the_queue_is_answered_without_a_command() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    assert!(fixture.workers[0].stop(SOON).await.success());

    let expires_at = time(2);
    let by_its_own_word = |number: usize| {
        let mut request = open_request(&format!("late-{number}"), BOOKING);
        request["data"]["expires_at"] = expires_at.clone().into();
        request
    };
    let by_default = |number: usize| {
        let mut request = open_request(&format!("old-{number}"), BOOKING);
        request["time"] = time(-61).into();
        request
    };
    // `expires_at` is limited to ten minutes after `time`.
    let by_the_longest_time = |number: usize| {
        let mut request = open_request(&format!("ancient-{number}"), BOOKING);
        request["time"] = time(-601).into();
        request["data"]["expires_at"] = time(3600).into();
        request
    };
    let life = |number: usize| open_request(&format!("live-{number}"), BOOKING);
    let waiting: Vec<Value> = (0..20)
        .flat_map(|number| {
            [by_its_own_word(number), by_default(number), by_the_longest_time(number), life(number)]
        })
        .collect();
    fixture.bus.open_requests(&waiting).await;
    until_true("the requests' expiry", SOON, || async { time(0) > expires_at }).await;

    let worker = fixture.setup.worker("late").start().await;
    worker.wait_until_settled("open-requests", 80, SOON).await;
    fixture.outbound.catch_up().await;
    for request in &waiting {
        let id = request["id"].as_str().expect("an id is text");
        let end = fixture.outbound.only_terminal(id);
        if id.starts_with("live") {
            assert_eq!(end.kind, "lock.opened.v1", "{id}");
        } else {
            let found = (&*end.kind, end.text("reason"), end.data["attempts"].as_u64());
            assert_eq!(found, ("lock.open-rejected.v1", "request_expired", Some(0)), "{id}");
        }
    }
    assert_eq!(fixture.setup.simulator.commands().await.len(), 20);
    assert_eq!(fixture.bus.dead_letters().await, [], "answers, not failures");
}
