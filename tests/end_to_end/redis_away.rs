//! Redis dies, freezes, is emptied: messages stay in RabbitMQ, and no door opens on no knowledge.

use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::redis::{PrivateRedis, connect};
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::world::World;
use serde_json::{Value, json};
use std::time::Duration;

/// Within this `/readyz` must have noticed (contract).
const NOTICED: Duration = Duration::from_secs(15);

async fn under_load(server: &PrivateRedis, requests: usize) -> (Scene, Vec<Value>) {
    let mut world = World::on_redis(server).await;
    world.settings.set("opening.request_ttl", "5m");
    world.settings.set("broker.prefetch", 16);
    world.settings.set("opening.in_flight_per_iq", 32);
    world.settings.set("opening.in_flight_per_integration", 32);
    let scene = Scene::new(world, 2).await;
    let fault = json!({"kind": "delay", "delay_ms": 100, "call": "open"});
    scene.world.simulator.fault(fault).await;
    let requests: Vec<Value> =
        (0..requests).map(|number| open_request(&format!("r-{number}"), BOOKING)).collect();
    scene.bus.open_requests(&requests).await;
    (scene, requests)
}

async fn all_opened_once(scene: &Scene, requests: &[Value]) {
    scene.outbox.ended(requests.len(), SOON * 2).await;
    scene.settles("open-requests", requests.len() as u64).await;
    scene.outbox.catch_up().await;
    for request in requests {
        let id = request["id"].as_str().expect("an id is text");
        let end = scene.outbox.only_terminal(id);
        assert_eq!((&*end.kind, &end.data["attempts"]), ("lock.opened.v1", &json!(1)), "{id}");
    }
    assert_eq!(scene.world.simulator.opened().await, requests.len() as u64);
    assert_eq!(scene.outbox.check_ins(BOOKING).len(), 1);
    assert_eq!(scene.bus.dead_letters().await, []);
}

#[tokio::test]
async fn a_redis_killed_under_load_loses_nothing_and_nobody_opens_twice() {
    let mut server = PrivateRedis::start().await;
    let (mut scene, requests) = under_load(&server, 200).await;
    scene.world.simulator.opened_times(50, SOON).await;
    server.kill().await;
    for worker in &scene.workers {
        worker.unready(NOTICED).await;
        assert_eq!(worker.status_of("/livez").await, Some(200));
    }
    assert!(scene.outbox.ended_so_far() < requests.len(), "it was killed in the middle");
    // Bookings are tried without end; and one more worker, started while there is no Redis.
    let settled = scene.settled("booking-status").await;
    scene.bus.booking(&booking_status("B-2", "paid")).await;
    let late = scene.world.worker("late").spawn();
    late.says("waiting for Redis", SOON).await;
    assert_eq!(late.status_of("/readyz").await, Some(503));
    scene.workers.push(late);

    server.restart().await;
    for worker in &scene.workers {
        worker.ready(SOON).await;
    }
    all_opened_once(&scene, &requests).await;
    scene.settles("booking-status", settled + 1).await;
    assert_eq!(scene.open("R-2", "B-2").await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_frozen_redis_is_noticed_and_what_was_asked_goes_on() {
    let server = PrivateRedis::start().await;
    let (scene, requests) = under_load(&server, 100).await;
    scene.world.simulator.opened_times(30, SOON).await;
    server.freeze();
    for worker in &scene.workers {
        worker.unready(NOTICED).await;
    }
    server.thaw();
    for worker in &scene.workers {
        worker.ready(SOON).await;
    }
    all_opened_once(&scene, &requests).await;
}

#[tokio::test]
async fn an_emptied_redis_opens_nothing() {
    let server = PrivateRedis::start().await;
    let mut world = World::on_redis(&server).await;
    world.settings.set("opening.booking_wait", "200ms");
    let scene = Scene::new(world, 1).await;
    assert_eq!(scene.open("before", BOOKING).await.kind, "lock.opened.v1");

    let mut connection = connect(&server.url()).await;
    let flush = deadpool_redis::redis::cmd("FLUSHALL");
    flush.query_async::<()>(&mut connection).await.expect("it is emptied");
    let rejected = scene.open("after", BOOKING).await;
    let found = (&*rejected.kind, rejected.text("reason"));
    assert_eq!(found, ("lock.open-rejected.v1", "booking_unknown"));

    // The booking comes again; who may enter is known, the IQ's secret is not.
    scene.know(&booking_status(BOOKING, "paid")).await;
    let failed = scene.open("known", BOOKING).await;
    assert_eq!(failed.text("reason"), "iq_not_activated");
    assert_eq!(scene.world.simulator.commands().await.len(), 1, "only the one before");
}
