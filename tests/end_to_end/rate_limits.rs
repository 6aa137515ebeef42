//! Salto asks for a pause: it holds for the whole integration, over all replicas, whatever call it came on.

use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::inbound::open_request;
use end_to_end::redis::forget;
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::simulator::OpenCommand;
use end_to_end::world::World;
use serde_json::json;

const PAUSE: i64 = 3;

/// Eight more guests ask while the pause is on; all doors open, and not before its end.
async fn nobody_calls_within_the_pause(scene: &Scene, since: DateTime<Utc>) -> Vec<OpenCommand> {
    until_true("the pause to be known to all", SOON, || async {
        scene.world.stored().await.iter().any(|(key, _)| key.contains(":pause:"))
    })
    .await;
    let requests: Vec<_> = (0..8).map(|n| open_request(&format!("more-{n}"), BOOKING)).collect();
    scene.bus.open_requests(&requests).await;
    scene.outbox.ended(9, SOON).await;
    let terminals = scene.outbox.terminals();
    assert!(terminals.values().all(|events| events[0].kind == "lock.opened.v1"), "{terminals:?}");
    for worker in &scene.workers {
        assert!(worker.settled("open-requests").await > 0, "both workers had work");
    }
    let commands = scene.world.simulator.commands().await;
    let early: Vec<_> = commands
        .iter()
        .filter(|it| it.fault.is_none() && it.received_at < since + TimeDelta::seconds(PAUSE))
        .collect();
    assert!(early.is_empty(), "paused at {since}: {early:?}");
    commands
}

async fn two_workers() -> Scene {
    let mut world = World::new().await;
    // Little at a time, so that both get some.
    world.settings.set("broker.prefetch", 2);
    Scene::new(world, 2).await
}

#[tokio::test]
async fn after_a_429_to_a_command_no_replica_sends_another_within_the_pause() {
    let scene = two_workers().await;
    let fault = json!({"kind": "rate_limit", "retry_after": PAUSE, "call": "open", "times": 1});
    scene.world.simulator.fault(fault).await;
    scene.bus.open_request(&open_request("first", BOOKING)).await;
    scene.world.simulator.commanded_times(1, SOON).await;
    let paused_at = scene.world.simulator.commands().await[0].received_at;
    let commands = nobody_calls_within_the_pause(&scene, paused_at).await;
    assert_eq!(commands.len(), 10, "one was turned away, and each guest needed one");
    assert_eq!(scene.outbox.terminal("first", SOON).await.data["attempts"], 2);
}

#[tokio::test]
async fn after_a_429_to_a_token_request_no_replica_asks_within_the_pause() {
    let mut world = World::new().await;
    world.settings.set("broker.prefetch", 2);
    // Workers look at the IQs when they start: without a token, that ends there.
    forget(world.redis_url(), world.key_prefix(), "token").await;
    world.simulator.fault(json!({"kind": "identity_gone"})).await;
    let scene = Scene::new(world, 2).await;
    for worker in &scene.workers {
        worker.says("the site's IQs cannot be looked at", SOON).await;
    }
    scene.world.simulator.no_faults().await;
    let (granted, _) = scene.world.simulator.token_requests().await;
    let fault = json!({"kind": "rate_limit", "retry_after": PAUSE, "call": "token", "times": 1});
    scene.world.simulator.fault(fault).await;
    let asked_at = Utc::now();
    scene.bus.open_request(&open_request("first", BOOKING)).await;
    let commands = nobody_calls_within_the_pause(&scene, asked_at).await;
    assert_eq!(commands.len(), 9);
    assert_eq!(scene.outbox.terminal("first", SOON).await.data["attempts"], 1);
    assert_eq!(scene.world.simulator.token_requests().await.0, granted + 1);
}

#[tokio::test]
async fn a_pause_beyond_the_expiry_fails_the_request_as_rate_limited() {
    let world = World::new().await;
    let scene = Scene::new(world, 1).await;
    let fault = json!({"kind": "rate_limit", "retry_after": 3600, "call": "open", "times": 1});
    scene.world.simulator.fault(fault).await;
    for (id, attempts) in [("told", 1), ("warned", 0)] {
        let failed = scene.open(id, BOOKING).await;
        assert_eq!((&*failed.kind, failed.text("reason")), ("lock.open-failed.v1", "rate_limited"));
        assert_eq!(
            (failed.text("class"), &failed.data["attempts"]),
            ("temporary", &json!(attempts))
        );
    }
    assert_eq!(scene.world.simulator.commands().await.len(), 1);
    scene.settles("open-requests", 2).await;
    assert_eq!(scene.bus.dead_letters().await.len(), 2);
}
