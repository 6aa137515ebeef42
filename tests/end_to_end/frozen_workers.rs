//! A worker is frozen while it processes requests, and continues after their expiry or after another worker has acted.

use chrono::{TimeDelta, Utc};
use end_to_end::deadline::{SOON, until, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{open_request, time};
use end_to_end::setup::Setup;
use serde_json::json;

async fn fixture() -> Fixture {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.command_timeout", "1s");
    setup.settings.set("opening.resend_window", "60s");
    setup.settings.set("opening.request_ttl", "5m");
    Fixture::new(setup, 1).await
}

#[tokio::test]
async fn requests_that_expire_in_a_frozen_worker_open_nothing_when_it_continues() {
    let fixture = fixture().await;
    let simulator = &fixture.setup.simulator;
    simulator.add_fault(json!({"kind": "status", "status": 503, "call": "open"})).await;
    let expires_at = time(4);
    for number in 0..5 {
        let mut request = open_request(&format!("r-{number}"), BOOKING);
        request["data"]["expires_at"] = expires_at.clone().into();
        fixture.bus.open_request(&request).await;
    }
    simulator.wait_for_commands(5, SOON).await;
    fixture.workers[0].freeze();
    fixture.workers[0].frozen(SOON).await;
    simulator.clear_faults().await;
    let commands = simulator.commands().await.len();
    until_true("the requests' expiry", SOON, || async { time(0) > expires_at }).await;
    fixture.workers[0].resume();

    fixture.wait_until_settled("open-requests", 5).await;
    fixture.outbound.catch_up().await;
    for number in 0..5 {
        let failed = fixture.outbound.only_terminal(&format!("r-{number}"));
        assert_eq!(failed.kind, "lock.open-failed.v1");
        // A request whose next command was about to be sent is in doubt.
        let reason = failed.text("reason");
        assert!(["salto_unavailable", "outcome_unknown"].contains(&reason), "{reason}");
    }
    assert_eq!(simulator.commands().await.len(), commands, "none after the thaw");
    assert_eq!(simulator.opening_count().await, 0);
}

#[tokio::test]
async fn a_worker_frozen_before_its_command_checks_the_expiry_again() {
    let fixture = fixture().await;
    assert_eq!(fixture.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    fixture.workers[0].freeze_at("before-command");
    // Short enough that its claim is still valid.
    let expires_at = time(2);
    let mut request = open_request("R-1", BOOKING);
    request["data"]["expires_at"] = expires_at.clone().into();
    fixture.bus.open_request(&request).await;
    fixture.workers[0].frozen(SOON).await;
    until_true("the request's expiry", SOON, || async { time(0) > expires_at }).await;
    fixture.workers[0].resume();

    let failed = fixture.outbound.terminal("R-1", SOON).await;
    assert_eq!(
        (&*failed.kind, failed.text("reason")),
        ("lock.open-failed.v1", "salto_unavailable")
    );
    assert_eq!(failed.data["attempts"], 0);
    assert_eq!(fixture.setup.simulator.commands().await.len(), 1);
}

#[tokio::test]
async fn a_worker_frozen_beyond_the_resend_window_does_not_repeat_its_command() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.resend_window", "2s");
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    let (worker, simulator) = (&fixture.workers[0], &fixture.setup.simulator);
    simulator.add_fault(json!({"kind": "reset", "call": "open", "times": 1})).await;
    // First frozen with a command in doubt, so that it cannot have passed the next point; then frozen at that point.
    worker.freeze_at("after-command");
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    worker.frozen(SOON).await;
    worker.freeze_at("before-command");
    worker.resume();
    until("the worker to be frozen again", SOON, || async {
        worker.log().contains("\"point\":\"before-command\"").then_some(())
    })
    .await;
    worker.frozen(SOON).await;
    let window = simulator.commands().await[1].received_at + TimeDelta::seconds(2);
    until_true("the end of the resend window", SOON, || async { Utc::now() > window }).await;
    worker.resume();

    let failed = fixture.outbound.terminal("R-1", SOON).await;
    let found = (failed.text("reason"), &failed.data["attempts"]);
    assert_eq!(found, ("outcome_unknown", &json!(1)));
    assert_eq!(simulator.commands().await.len(), 2, "the warm-up and the one in doubt");
}

/// Another worker has the second copy of the request, and may act when the claim has lapsed. `opened`: the number of
/// openings for the request at the end.
async fn claim_lapses_at(point: &str, opened: u64) {
    let fixture = fixture().await;
    let frozen = fixture.setup.worker("frozen").env("POSTERN__BROKER__PREFETCH", "1").start().await;
    assert!(fixture.workers[0].stop(SOON).await.success());
    assert_eq!(fixture.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    frozen.freeze_at(point);
    let request = open_request("R-1", BOOKING);
    fixture.bus.open_request(&request).await;
    frozen.frozen(SOON).await;

    let other = fixture.setup.worker("other").start().await;
    fixture.bus.open_request(&request).await;
    // The command of the first worker counts, because it may have been sent.
    let end = fixture.outbound.terminal("R-1", SOON).await;
    assert_eq!((&*end.kind, &end.data["attempts"]), ("lock.opened.v1", &json!(2)), "{point}");
    other.idle(SOON).await;
    frozen.resume();
    // The copy may be parked, and come back to the other worker.
    until_true("the warm-up and both copies to be settled", SOON, || async {
        frozen.settled("open-requests").await + other.settled("open-requests").await >= 3
    })
    .await;
    fixture.outbound.catch_up().await;
    assert_eq!(fixture.outbound.only_terminal("R-1"), end, "{point}");
    assert_eq!(fixture.setup.simulator.opening_count().await, 1 + opened, "{point}");
}

#[tokio::test]
async fn a_frozen_worker_whose_claim_lapsed_sends_nothing_after_the_other_s_answer() {
    claim_lapses_at("before-command", 1).await;
}

#[tokio::test]
async fn a_frozen_worker_whose_claim_lapsed_publishes_the_other_s_answer() {
    claim_lapses_at("after-command", 2).await;
}

/// The broker requeues the message: the worker that gets it may act when the owner has no heartbeat.
#[tokio::test]
async fn a_frozen_worker_that_was_disconnected_sends_nothing_after_the_other_s_answer() {
    let fixture = fixture().await;
    let frozen = &fixture.workers[0];
    assert_eq!(fixture.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    frozen.freeze_at("before-command");
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    frozen.frozen(SOON).await;
    until("the connections to be closed", SOON, || async {
        (fixture.setup.vhost.close_connections().await >= 2).then_some(())
    })
    .await;
    let other = fixture.setup.worker("other").start().await;
    let opened = fixture.outbound.terminal("R-1", SOON).await;
    assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &json!(2)));
    other.wait_until_settled("open-requests", 1, SOON).await;
    frozen.resume();
    // When it is ready again, it has processed everything from before.
    frozen.wait_for_log("session lost", SOON).await;
    frozen.ready(SOON * 2).await;
    frozen.idle(SOON).await;
    fixture.outbound.catch_up().await;
    assert_eq!(fixture.outbound.only_terminal("R-1"), opened);
    assert_eq!(fixture.setup.simulator.opening_count().await, 2, "the warm-up and R-1");
}
