//! A worker stands still with requests in its hands, and goes on when their time is over or others have acted.

use chrono::{TimeDelta, Utc};
use end_to_end::deadline::{SOON, until, until_true};
use end_to_end::inbound::{open_request, time};
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::world::World;
use serde_json::json;

async fn scene() -> Scene {
    let mut world = World::new().await;
    world.settings.set("opening.command_timeout", "1s");
    world.settings.set("opening.resend_window", "60s");
    world.settings.set("opening.request_ttl", "5m");
    Scene::new(world, 1).await
}

#[tokio::test]
async fn requests_that_expire_in_a_frozen_worker_open_nothing_when_it_goes_on() {
    let scene = scene().await;
    let simulator = &scene.world.simulator;
    simulator.fault(json!({"kind": "status", "status": 503, "call": "open"})).await;
    let expires_at = time(4);
    for number in 0..5 {
        let mut request = open_request(&format!("r-{number}"), BOOKING);
        request["data"]["expires_at"] = expires_at.clone().into();
        scene.bus.open_request(&request).await;
    }
    simulator.commanded_times(5, SOON).await;
    scene.workers[0].freeze();
    scene.workers[0].frozen(SOON).await;
    simulator.no_faults().await;
    let commands = simulator.commands().await.len();
    until_true("the requests' expiry", SOON, || async { time(0) > expires_at }).await;
    scene.workers[0].thaw();

    scene.settles("open-requests", 5).await;
    scene.outbox.catch_up().await;
    for number in 0..5 {
        let failed = scene.outbox.only_terminal(&format!("r-{number}"));
        assert_eq!(failed.kind, "lock.open-failed.v1");
        // One that was about to send its next command is in doubt.
        let reason = failed.text("reason");
        assert!(["salto_unavailable", "outcome_unknown"].contains(&reason), "{reason}");
    }
    assert_eq!(simulator.commands().await.len(), commands, "none after the thaw");
    assert_eq!(simulator.opened().await, 0);
}

#[tokio::test]
async fn a_worker_frozen_before_its_command_looks_at_the_clock_again() {
    let scene = scene().await;
    assert_eq!(scene.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    scene.workers[0].freeze_at("before-command");
    // So short that its claim still holds.
    let expires_at = time(2);
    let mut request = open_request("R-1", BOOKING);
    request["data"]["expires_at"] = expires_at.clone().into();
    scene.bus.open_request(&request).await;
    scene.workers[0].frozen(SOON).await;
    until_true("the request's expiry", SOON, || async { time(0) > expires_at }).await;
    scene.workers[0].thaw();

    let failed = scene.outbox.terminal("R-1", SOON).await;
    assert_eq!(
        (&*failed.kind, failed.text("reason")),
        ("lock.open-failed.v1", "salto_unavailable")
    );
    assert_eq!(failed.data["attempts"], 0);
    assert_eq!(scene.world.simulator.commands().await.len(), 1);
}

#[tokio::test]
async fn a_worker_frozen_beyond_the_resend_window_does_not_repeat_its_command() {
    let mut world = World::new().await;
    world.settings.set("opening.resend_window", "2s");
    let scene = Scene::new(world, 1).await;
    assert_eq!(scene.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    let (worker, simulator) = (&scene.workers[0], &scene.world.simulator);
    simulator.fault(json!({"kind": "reset", "call": "open", "times": 1})).await;
    // First with a command in doubt, so that it cannot be past the next point; then at that.
    worker.freeze_at("after-command");
    scene.bus.open_request(&open_request("R-1", BOOKING)).await;
    worker.frozen(SOON).await;
    worker.freeze_at("before-command");
    worker.thaw();
    until("the worker to be frozen again", SOON, || async {
        worker.log().contains("\"point\":\"before-command\"").then_some(())
    })
    .await;
    worker.frozen(SOON).await;
    let window = simulator.commands().await[1].received_at + TimeDelta::seconds(2);
    until_true("the end of the resend window", SOON, || async { Utc::now() > window }).await;
    worker.thaw();

    let failed = scene.outbox.terminal("R-1", SOON).await;
    let found = (failed.text("reason"), &failed.data["attempts"]);
    assert_eq!(found, ("outcome_unknown", &json!(1)));
    assert_eq!(simulator.commands().await.len(), 2, "the warm-up and the one in doubt");
}

/// The request's other copy lies with another worker, which may act when the claim has lapsed. `opened`: the doors that
/// were opened for the request in the end.
async fn claim_lapses_at(point: &str, opened: u64) {
    let scene = scene().await;
    let frozen = scene.world.worker("frozen").env("POSTERN__BROKER__PREFETCH", "1").start().await;
    assert!(scene.workers[0].stop(SOON).await.success());
    assert_eq!(scene.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    frozen.freeze_at(point);
    let request = open_request("R-1", BOOKING);
    scene.bus.open_request(&request).await;
    frozen.frozen(SOON).await;

    let other = scene.world.worker("other").start().await;
    scene.bus.open_request(&request).await;
    // The first one's command counts: nobody knows whether it left.
    let end = scene.outbox.terminal("R-1", SOON).await;
    assert_eq!((&*end.kind, &end.data["attempts"]), ("lock.opened.v1", &json!(2)), "{point}");
    other.idle(SOON).await;
    frozen.thaw();
    // Its copy may well be parked, and come back to the other one.
    until_true("the warm-up and both copies to be settled", SOON, || async {
        frozen.settled("open-requests").await + other.settled("open-requests").await >= 3
    })
    .await;
    scene.outbox.catch_up().await;
    assert_eq!(scene.outbox.only_terminal("R-1"), end, "{point}");
    assert_eq!(scene.world.simulator.opened().await, 1 + opened, "{point}");
}

#[tokio::test]
async fn a_frozen_worker_whose_claim_lapsed_sends_nothing_after_the_other_s_answer() {
    claim_lapses_at("before-command", 1).await;
}

#[tokio::test]
async fn a_frozen_worker_whose_claim_lapsed_says_what_the_other_said() {
    claim_lapses_at("after-command", 2).await;
}

/// The broker takes the message back: whoever gets it may act when the owner gives no sign of life.
#[tokio::test]
async fn a_frozen_worker_that_was_thrown_out_sends_nothing_after_the_other_s_answer() {
    let scene = scene().await;
    let frozen = &scene.workers[0];
    assert_eq!(scene.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    frozen.freeze_at("before-command");
    scene.bus.open_request(&open_request("R-1", BOOKING)).await;
    frozen.frozen(SOON).await;
    until("the connections to be closed", SOON, || async {
        (scene.world.vhost.close_connections().await >= 2).then_some(())
    })
    .await;
    let other = scene.world.worker("other").start().await;
    let opened = scene.outbox.terminal("R-1", SOON).await;
    assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &json!(2)));
    other.settles("open-requests", 1, SOON).await;
    frozen.thaw();
    // Once it is back, everything from before is behind it.
    frozen.says("session lost", SOON).await;
    frozen.ready(SOON * 2).await;
    frozen.idle(SOON).await;
    scene.outbox.catch_up().await;
    assert_eq!(scene.outbox.only_terminal("R-1"), opened);
    assert_eq!(scene.world.simulator.opened().await, 2, "the warm-up and R-1");
}
