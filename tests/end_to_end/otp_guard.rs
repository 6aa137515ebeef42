//! Rejected one-time passwords: all workers leave the IQ alone before Salto blocks the user for long,
//! and somebody is told, once.

use end_to_end::deadline::{SOON, until_true};
use end_to_end::inbound::open_request;
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::simulator::IQ_GROUND_FLOOR;
use end_to_end::world::World;
use serde_json::{Value, json};

async fn scene(workers: usize) -> Scene {
    let mut world = World::new().await;
    // Little at a time, so that every worker gets some.
    world.settings.set("broker.prefetch", 2);
    Scene::new(world, workers).await
}

/// The states that the booking system has been told of, in order.
fn told(scene: &Scene) -> Vec<String> {
    let events = scene.outbox.events();
    let about = events.iter().filter(|event| event.kind == "iq.attention.v1");
    about.map(|event| event.text("state").to_owned()).collect()
}

async fn told_of(scene: &Scene, state: &str) {
    until_true(&format!("attention: {state}"), SOON, || async {
        told(scene).iter().any(|told| told == state)
    })
    .await;
}

async fn secret_is(scene: &Scene, secret: &str) {
    scene.world.simulator.change_iq(IQ_GROUND_FLOOR, json!({"secret": secret})).await;
}

#[tokio::test]
async fn three_rejections_degrade_and_the_next_opening_heals() {
    let scene = scene(3).await;
    let simulator = &scene.world.simulator;
    simulator.change_settings(json!({"otp_failures": 100})).await;
    secret_is(&scene, "RotatedByAnApp01").await;
    for number in 0..5 {
        let failed = scene.open(&format!("wrong-{number}"), BOOKING).await;
        assert_eq!((failed.text("reason"), &failed.data["attempts"]), ("otp_invalid", &json!(1)));
    }
    told_of(&scene, "degraded").await;
    let event = scene.outbox.events().into_iter().find(|it| it.kind == "iq.attention.v1");
    let event = event.expect("it was told");
    assert_eq!(event.routing_key, "iq.attention.acme-utrecht");
    assert_eq!(event.body["subject"], IQ_GROUND_FLOOR);
    assert_eq!(event.data["iq_id"], IQ_GROUND_FLOOR);

    secret_is(&scene, "GroundFloorIq001").await;
    assert_eq!(scene.open("right", BOOKING).await.kind, "lock.opened.v1");
    told_of(&scene, "activated").await;
    scene.outbox.catch_up().await;
    assert_eq!(told(&scene), ["degraded", "activated"], "each once");
}

#[tokio::test]
async fn a_blocked_user_sends_nothing_from_any_worker() {
    let scene = scene(3).await;
    let simulator = &scene.world.simulator;
    let fault = json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "open", "times": 1});
    simulator.fault(fault).await;
    let first = scene.open("R-1", BOOKING).await;
    assert_eq!((first.text("reason"), first.text("class")), ("otp_blocked", "temporary"));
    let requests: Vec<Value> =
        (0..12).map(|number| open_request(&format!("later-{number}"), BOOKING)).collect();
    scene.bus.open_requests(&requests).await;
    for request in &requests {
        let id = request["id"].as_str().expect("an id is text");
        let failed = scene.outbox.terminal(id, SOON).await;
        assert_eq!((failed.text("reason"), &failed.data["attempts"]), ("otp_blocked", &json!(0)));
    }
    assert_eq!(simulator.commands().await.len(), 1, "the IQ is left alone");
    told_of(&scene, "blocked").await;

    // Another IQ of the same integration is not concerned.
    scene.book("room-13").await;
    assert_eq!(scene.open("other-iq", "room-13").await.kind, "lock.opened.v1");
    scene.outbox.catch_up().await;
    assert_eq!(told(&scene), ["blocked"]);
}

#[tokio::test]
async fn where_passwords_are_rejected_one_is_on_its_way_at_a_time() {
    let scene = scene(3).await;
    let simulator = &scene.world.simulator;
    simulator.change_settings(json!({"otp_failures": 100})).await;
    secret_is(&scene, "RotatedByAnApp01").await;
    scene.open("first", BOOKING).await;
    simulator.fault(json!({"kind": "delay", "delay_ms": 300, "call": "open"})).await;
    let requests: Vec<Value> =
        (0..6).map(|number| open_request(&format!("next-{number}"), BOOKING)).collect();
    scene.bus.open_requests(&requests).await;
    for request in &requests {
        scene.outbox.terminal(request["id"].as_str().expect("an id is text"), SOON * 2).await;
    }
    let commands = simulator.commands().await;
    let gaps = commands[1..].windows(2).map(|two| two[1].received_at - two[0].received_at);
    assert!(gaps.min().expect("six commands").num_milliseconds() >= 290, "{commands:?}");
}

#[tokio::test]
async fn an_iq_that_needs_a_restore_is_noticed_at_the_start_and_after_a_rejection() {
    let world = World::new().await;
    let restore = json!({"restore_required": true});
    world.simulator.change_iq(IQ_GROUND_FLOOR, restore.clone()).await;
    let at_start = Scene::new(world, 1).await;
    told_of(&at_start, "reactivation_required").await;
    let failed = at_start.open("R-1", BOOKING).await;
    assert_eq!(failed.text("reason"), "iq_reactivation_required");
    assert_eq!(at_start.world.simulator.commands().await.len(), 0);

    let later = scene(1).await;
    later.world.simulator.change_iq(IQ_GROUND_FLOOR, restore).await;
    assert_eq!(later.open("R-1", BOOKING).await.text("reason"), "otp_invalid");
    told_of(&later, "reactivation_required").await;
    assert_eq!(later.open("R-2", BOOKING).await.text("reason"), "iq_reactivation_required");
    assert_eq!(later.world.simulator.commands().await.len(), 1);
}

#[tokio::test]
async fn what_nobody_listened_to_is_told_later_and_outlives_its_worker() {
    let mut world = World::new().await;
    world.settings.set("broker.prefetch", 2);
    world.simulator.change_iq(IQ_GROUND_FLOOR, json!({"restore_required": true})).await;
    let worker = world.worker("first").start().await;
    worker.says("no queue is bound for the routing key", SOON).await;
    worker.kill().await;
    let scene = Scene::new(world, 1).await;
    told_of(&scene, "reactivation_required").await;
}
