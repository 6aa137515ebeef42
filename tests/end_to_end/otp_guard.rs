//! Rejected one-time passwords: all workers stop sending commands to the IQ before Salto blocks the user, and one
//! attention event is published.

use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use serde_json::{Value, json};

/// The reason of a request to an IQ that needs a restore.
pub(crate) const RESTORE_REASON: &str = "iq_reactivation_required";

async fn fixture(workers: usize) -> Fixture {
    let mut setup = Setup::new().await;
    // A small prefetch, so that every worker gets messages.
    setup.settings.set("broker.prefetch", 2);
    Fixture::new(setup, workers).await
}

/// The states of the published attention events, in order.
fn states(fixture: &Fixture) -> Vec<String> {
    let events = fixture.outbound.events();
    let about = events.iter().filter(|event| event.kind == "iq.attention.v1");
    about.map(|event| event.text("state").to_owned()).collect()
}

async fn wait_for_state(fixture: &Fixture, state: &str) {
    until_true(&format!("attention: {state}"), SOON, || async {
        states(fixture).iter().any(|published| published == state)
    })
    .await;
}

async fn set_iq_secret(fixture: &Fixture, secret: &str) {
    fixture.setup.simulator.change_iq(IQ_GROUND_FLOOR, json!({"secret": secret})).await;
}

#[tokio::test]
async fn three_rejections_degrade_an_iq_until_the_next_opening() {
    let fixture = fixture(3).await;
    let simulator = &fixture.setup.simulator;
    simulator.change_settings(json!({"otp_failures": 100})).await;
    set_iq_secret(&fixture, "RotatedByAnApp01").await;
    for number in 0..5 {
        let failed = fixture.open(&format!("wrong-{number}"), BOOKING).await;
        assert_eq!((failed.text("reason"), &failed.data["attempts"]), ("otp_invalid", &json!(1)));
    }
    wait_for_state(&fixture, "degraded").await;
    let event = fixture.outbound.events().into_iter().find(|it| it.kind == "iq.attention.v1");
    let event = event.expect("the event was published");
    assert_eq!(event.routing_key, "iq.attention.acme-utrecht");
    assert_eq!(event.body["subject"], IQ_GROUND_FLOOR);
    assert_eq!(event.data["iq_id"], IQ_GROUND_FLOOR);

    set_iq_secret(&fixture, "GroundFloorIq001").await;
    assert_eq!(fixture.open("right", BOOKING).await.kind, "lock.opened.v1");
    wait_for_state(&fixture, "activated").await;
    fixture.outbound.catch_up().await;
    assert_eq!(states(&fixture), ["degraded", "activated"], "each once");
}

#[tokio::test]
async fn a_blocked_user_sends_nothing_from_any_worker() {
    let fixture = fixture(3).await;
    let simulator = &fixture.setup.simulator;
    let fault = json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "open", "times": 1});
    simulator.add_fault(fault).await;
    let first = fixture.open("R-1", BOOKING).await;
    assert_eq!((first.text("reason"), first.text("class")), ("otp_blocked", "temporary"));
    let requests: Vec<Value> =
        (0..12).map(|number| open_request(&format!("later-{number}"), BOOKING)).collect();
    fixture.bus.open_requests(&requests).await;
    for request in &requests {
        let id = request["id"].as_str().expect("an id is text");
        let failed = fixture.outbound.terminal(id, SOON).await;
        assert_eq!((failed.text("reason"), &failed.data["attempts"]), ("otp_blocked", &json!(0)));
    }
    assert_eq!(simulator.commands().await.len(), 1, "the IQ is left alone");
    wait_for_state(&fixture, "blocked").await;

    // Another IQ of the same integration is not affected.
    fixture.store_booking("room-13").await;
    assert_eq!(fixture.open("other-iq", "room-13").await.kind, "lock.opened.v1");
    fixture.outbound.catch_up().await;
    assert_eq!(states(&fixture), ["blocked"]);
}

#[tokio::test]
async fn after_a_rejection_one_password_is_sent_at_a_time() {
    let fixture = fixture(3).await;
    let simulator = &fixture.setup.simulator;
    simulator.change_settings(json!({"otp_failures": 100})).await;
    set_iq_secret(&fixture, "RotatedByAnApp01").await;
    fixture.open("first", BOOKING).await;
    simulator.add_fault(json!({"kind": "delay", "delay_ms": 300, "call": "open"})).await;
    let requests: Vec<Value> =
        (0..6).map(|number| open_request(&format!("next-{number}"), BOOKING)).collect();
    fixture.bus.open_requests(&requests).await;
    for request in &requests {
        fixture.outbound.terminal(request["id"].as_str().expect("an id is text"), SOON * 2).await;
    }
    let commands = simulator.commands().await;
    let gaps = commands[1..].windows(2).map(|two| two[1].received_at - two[0].received_at);
    assert!(gaps.min().expect("six commands").num_milliseconds() >= 290, "{commands:?}");
}

#[tokio::test]
async fn an_iq_that_needs_a_restore_is_noticed_at_the_start_and_after_a_rejection() {
    let setup = Setup::new().await;
    let restore = json!({"restore_required": true});
    setup.simulator.change_iq(IQ_GROUND_FLOOR, restore.clone()).await;
    let at_start = Fixture::new(setup, 1).await;
    wait_for_state(&at_start, "reactivation_required").await;
    let failed = at_start.open("R-1", BOOKING).await;
    assert_eq!(failed.text("reason"), RESTORE_REASON);
    assert_eq!(at_start.setup.simulator.commands().await.len(), 0);

    let later = fixture(1).await;
    later.setup.simulator.change_iq(IQ_GROUND_FLOOR, restore).await;
    assert_eq!(later.open("R-1", BOOKING).await.text("reason"), "otp_invalid");
    wait_for_state(&later, "reactivation_required").await;
    assert_eq!(later.open("R-2", BOOKING).await.text("reason"), RESTORE_REASON);
    assert_eq!(later.setup.simulator.commands().await.len(), 1);
}

#[tokio::test]
async fn an_attention_event_without_a_bound_queue_is_published_later_also_by_another_worker() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 2);
    setup.simulator.change_iq(IQ_GROUND_FLOOR, json!({"restore_required": true})).await;
    let worker = setup.worker("first").start().await;
    worker.wait_for_log("no queue is bound for the routing key", SOON).await;
    worker.kill().await;
    let fixture = Fixture::new(setup, 1).await;
    wait_for_state(&fixture, "reactivation_required").await;
}
