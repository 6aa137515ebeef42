//! Answers name their request in `correlation_id`, and a copy goes to the queue that the request names in `reply_to`.

use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::setup::Setup;
use lapin::BasicProperties;
use serde_json::Value;

async fn request_with(fixture: &Fixture, id: &str, properties: BasicProperties) {
    let body = serde_json::to_vec(&open_request(id, BOOKING)).expect("JSON can be written");
    fixture.bus.publish_raw("postern.inbound", "lock.open-request", &body, properties).await;
}

#[tokio::test]
async fn the_answer_goes_to_the_queue_that_the_request_names_too() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    fixture.bus.declare_bound("my-answers", "postern.inbound", "nothing").await;
    request_with(&fixture, "R-1", BasicProperties::default().with_reply_to("my-answers".into()))
        .await;
    let copy = fixture.bus.take("my-answers").await;
    let answer = fixture.outbound.terminal("R-1", SOON).await;
    let body: Value = serde_json::from_slice(&copy.body).expect("JSON");
    assert_eq!(body, answer.body);
    assert_eq!(copy.properties.correlation_id().as_ref().expect("set").as_str(), "R-1");
    assert_eq!(copy.properties.kind().as_ref().expect("set").as_str(), "lock.opened.v1");

    // The answer in the exchange has it too.
    fixture.bus.declare_bound("all-answers", "postern.outbound", "lock.#").await;
    fixture.open("R-2", BOOKING).await;
    let answer = fixture.bus.take("all-answers").await;
    assert_eq!(answer.properties.correlation_id().as_ref().expect("set").as_str(), "R-2");
}

/// Nor does a queue of postern get one: it would become a dead letter there.
#[tokio::test]
async fn a_queue_that_does_not_exist_changes_nothing() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    for (id, queue) in [("R-1", "no-such-queue"), ("R-2", "postern.booking-status")] {
        request_with(&fixture, id, BasicProperties::default().with_reply_to(queue.into())).await;
        assert_eq!(fixture.outbound.terminal(id, SOON).await.kind, "lock.opened.v1");
        fixture.workers[0]
            .wait_until_settled("open-requests", if id == "R-1" { 1 } else { 2 }, SOON)
            .await;
    }
    assert_eq!(fixture.workers[0].settled("booking-status").await, 1, "that of the fixture");
    assert_eq!(fixture.bus.dead_letters().await, []);
}

/// As over direct reply-to, or where the request waits: its `reply_to` is kept while it is parked.
#[tokio::test]
async fn a_request_that_was_parked_keeps_its_queue() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    fixture.bus.declare_bound("my-answers", "postern.inbound", "nothing").await;
    let mut request = open_request("R-1", "B-later");
    request["data"]["expires_at"] = end_to_end::inbound::time(30).into();
    let body = serde_json::to_vec(&request).expect("JSON can be written");
    let properties = BasicProperties::default().with_reply_to("my-answers".into());
    fixture.bus.publish_raw("postern.inbound", "lock.open-request", &body, properties).await;
    let copy = fixture.bus.take("my-answers").await;
    let body: Value = serde_json::from_slice(&copy.body).expect("JSON");
    assert_eq!(body["data"]["reason"], "booking_unknown");
    let parked = r#"postern_requests_parked_total{reason="booking"}"#;
    assert!(fixture.workers[0].metric(parked).await > Some(0.0));
}
