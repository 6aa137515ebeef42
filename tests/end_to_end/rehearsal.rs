//! `mode = "rehearse"`: everything as if, no door opens, and nobody takes what is published for an opening.

use end_to_end::broker::Event;
use end_to_end::deadline::{SOON, until_true};
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12};
use end_to_end::world::World;
use nix::sys::signal::Signal;
use serde_json::json;
use std::os::unix::process::ExitStatusExt;

async fn rehearsing(with: &str, workers: usize) -> Scene {
    let mut world = World::new().await;
    // Time for another worker to start after one that died.
    world.settings.set("opening.resend_window", "30s");
    rehearse(&mut world, with);
    Scene::new(world, workers).await
}

fn rehearse(world: &mut World, with: &str) {
    world.settings.set_integration("mode", "rehearse");
    world.settings.set_integration("rehearse_with", with);
}

fn live(world: &mut World) {
    world.settings.set_integration("mode", "live");
}

/// The first worker reads the world's settings as they stand now.
async fn reload(scene: &Scene, times: usize) {
    scene.world.write_settings("worker-1");
    scene.workers[0].signal(Signal::SIGHUP);
    until_true("the reload", SOON, || async {
        scene.workers[0].log().matches("configuration reloaded").count() == times
    })
    .await;
}

/// Calls about PINs: probes, and what activating took.
async fn pin_calls(scene: &Scene) -> u64 {
    scene.world.simulator.counters().await["calls"]["pin"].as_u64().unwrap_or_default()
}

/// No door, and not even a command to one.
async fn no_door(scene: &Scene) {
    assert!(scene.world.simulator.commands().await.is_empty());
}

fn is_marked(event: &Event) {
    assert!(event.kind.starts_with("rehearsal."), "{event:?}");
    let type_and_integration =
        format!("{}.acme-utrecht", event.kind.strip_suffix(".v1").expect("a version"));
    assert_eq!(event.routing_key, type_and_integration);
}

#[tokio::test]
async fn a_probe_stands_in_for_the_command_and_all_events_are_marked() {
    let scene = rehearsing("probe", 2).await;
    let before = pin_calls(&scene).await;
    let opened = scene.open("R-1", BOOKING).await;
    assert_eq!(opened.kind, "rehearsal.lock.opened.v1");
    assert_eq!((opened.text("lock_id"), opened.text("iq_id")), (ROOM_12, IQ_GROUND_FLOOR));
    assert_eq!(opened.data["attempts"], 1);
    assert_eq!(pin_calls(&scene).await, before + 1);

    let mut status = booking_status("later", "paid");
    status["data"]["starts_at"] = json!(time(3600));
    status["data"]["ends_at"] = json!(time(7200));
    scene.know(&status).await;
    let early = scene.open("R-2", "later").await;
    assert_eq!(
        (early.kind.as_str(), early.text("reason")),
        ("rehearsal.lock.open-rejected.v1", "too_early")
    );

    scene.settles("open-requests", 2).await;
    scene.outbox.catch_up().await;
    let events = scene.outbox.events();
    events.iter().for_each(is_marked);
    let check_ins = events.iter().filter(|it| it.kind == "rehearsal.booking.check-in.v1");
    assert_eq!(check_ins.count(), 1);
    assert_eq!(events.len(), 3, "{events:?}");
    no_door(&scene).await;
    let log = scene.workers[0].log() + &scene.workers[1].log();
    assert!(log.contains(r#""rehearsal":true"#), "{log}");
}

#[tokio::test]
async fn nobody_need_listen_to_a_rehearsal() {
    let mut world = World::new().await;
    rehearse(&mut world, "probe");
    world.simulator.change_iq(IQ_GROUND_FLOOR, json!({"restore_required": true})).await;
    let worker = world.worker("worker").start().await;
    let bus = world.vhost.bus().await;
    bus.booking(&booking_status(BOOKING, "paid")).await;
    worker.settles("booking-status", 1, SOON).await;
    bus.open_request(&open_request("R-1", BOOKING)).await;
    worker.settles("open-requests", 1, SOON).await;
    // The IQ's trouble is told as a rehearsal too, and leaves Redis although nobody is bound for it.
    until_true("the attention to be published", SOON, || async {
        let stored = world.stored().await;
        stored.iter().all(|(key, _)| !key.ends_with(":attention"))
    })
    .await;
    assert!(!worker.log().contains("not published yet"), "{}", worker.log());
}

#[tokio::test]
async fn a_rejected_one_time_password_fails_the_rehearsal_as_it_would_the_opening() {
    let scene = rehearsing("probe", 1).await;
    let secret = json!({"secret": "RotatedByAnApp01"});
    scene.world.simulator.change_iq(IQ_GROUND_FLOOR, secret).await;
    let before = pin_calls(&scene).await;
    for number in 1..=3 {
        let failed = scene.open(&format!("R-{number}"), BOOKING).await;
        assert_eq!(failed.kind, "rehearsal.lock.open-failed.v1");
        assert_eq!((failed.text("reason"), &failed.data["attempts"]), ("otp_invalid", &json!(1)));
    }
    assert_eq!(pin_calls(&scene).await, before + 3, "one password per request");
    for letter in scene.bus.dead_letters_when(3, SOON).await {
        assert_eq!(letter.reason(), "otp_invalid");
        assert!(letter.header("postern-detail").starts_with("rehearsal: "), "{letter:?}");
    }
    scene.outbox.one_of("rehearsal.iq.attention.v1", SOON).await;
    scene.outbox.catch_up().await;
    scene.outbox.events().iter().for_each(is_marked);
    no_door(&scene).await;
}

#[tokio::test]
async fn with_nothing_no_one_time_password_leaves_and_what_is_missing_shows_all_the_same() {
    let mut world = World::unactivated().await;
    world.activate(IQ_GROUND_FLOOR).await;
    rehearse(&mut world, "nothing");
    let scene = Scene::new(world, 1).await;
    scene.book("room-13").await;
    let before = pin_calls(&scene).await;
    let opened = scene.open("R-1", BOOKING).await;
    assert_eq!(opened.kind, "rehearsal.lock.opened.v1");
    assert_eq!((opened.text("iq_id"), &opened.data["attempts"]), (IQ_GROUND_FLOOR, &json!(0)));
    let failed = scene.open("R-2", "room-13").await;
    assert_eq!(failed.kind, "rehearsal.lock.open-failed.v1");
    assert_eq!(failed.text("reason"), "iq_not_activated", "nobody activated the second IQ");
    assert_eq!(pin_calls(&scene).await, before);
    no_door(&scene).await;
}

#[tokio::test]
async fn going_live_opens_and_the_first_real_opening_checks_in() {
    let mut scene = rehearsing("probe", 1).await;
    assert_eq!(scene.open("R-1", BOOKING).await.kind, "rehearsal.lock.opened.v1");
    // It waits for its booking, rehearsed, while the integration goes live.
    scene.bus.open_request(&open_request("R-2", "unknown yet")).await;
    until_true("the request to be taken", SOON, || async {
        scene.world.stored().await.iter().filter(|(key, _)| key.contains(":request:")).count() == 2
    })
    .await;
    live(&mut scene.world);
    reload(&scene, 1).await;
    scene.know(&booking_status("unknown yet", "paid")).await;
    let rehearsed = scene.outbox.terminal("R-2", SOON).await;
    assert_eq!(rehearsed.kind, "rehearsal.lock.opened.v1", "as it began, so it ends");
    no_door(&scene).await;

    assert_eq!(scene.open("R-3", BOOKING).await.kind, "lock.opened.v1");
    scene.settles("open-requests", 3).await;
    scene.outbox.catch_up().await;
    assert_eq!(scene.outbox.check_ins(BOOKING).len(), 1);
    // Asked again, what was rehearsed stays a rehearsal.
    scene.bus.open_request(&open_request("R-1", BOOKING)).await;
    scene.settles("open-requests", 4).await;
    assert_eq!(scene.world.simulator.opened().await, 1);
}

#[tokio::test]
async fn a_live_request_opens_nothing_once_its_integration_rehearses() {
    let mut scene = Scene::new(World::new().await, 1).await;
    assert_eq!(scene.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    let busy = json!({"kind": "rate_limit", "call": "open", "retry_after": 3, "times": 1});
    scene.world.simulator.fault(busy).await;
    scene.bus.open_request(&open_request("R-1", BOOKING)).await;
    scene.world.simulator.commanded_times(2, SOON).await;
    rehearse(&mut scene.world, "probe");
    reload(&scene, 1).await;
    let rejected = scene.outbox.terminal("R-1", SOON).await;
    assert_eq!(rejected.kind, "lock.open-rejected.v1", "it was asked for in earnest");
    assert_eq!(rejected.text("reason"), "integration_inactive");
    assert!(rejected.text("detail").contains("rehearses"), "{rejected:?}");
    assert_eq!(scene.world.simulator.opened().await, 1);
}

#[tokio::test]
async fn a_probe_without_an_answer_is_repeated_and_the_log_of_entries_says_nothing_about_it() {
    let mut world = World::new().await;
    world.settings.set_integration("ask_entries", true);
    rehearse(&mut world, "probe");
    let scene = Scene::new(world, 1).await;
    assert_eq!(scene.open("warm-up", BOOKING).await.kind, "rehearsal.lock.opened.v1");
    let unanswered = json!({"kind": "reset", "call": "pin", "carried_out": true, "times": 1});
    scene.world.simulator.fault(unanswered).await;
    let opened = scene.open("R-1", BOOKING).await;
    assert_eq!(opened.kind, "rehearsal.lock.opened.v1");
    assert_eq!(opened.data["attempts"], 2);
    let calls = &scene.world.simulator.counters().await["calls"];
    assert_eq!(calls.get("entries"), None, "{calls}");
    no_door(&scene).await;
}

#[tokio::test]
async fn a_worker_that_dies_over_a_rehearsal_leaves_a_rehearsal_and_no_opening() {
    for (with, point, attempts) in [("probe", "after-command", 2), ("nothing", "after-claim", 0)] {
        let scene = rehearsing(with, 1).await;
        assert_eq!(scene.open("warm-up", BOOKING).await.kind, "rehearsal.lock.opened.v1");
        scene.workers[0].kill_at(point);
        let mut request = open_request("R-1", BOOKING);
        // So its first claim knows which IQ it is about.
        request["data"]["object_id"] = json!("room-12");
        scene.bus.open_request(&request).await;
        let died = scene.workers[0].ended(SOON).await;
        assert_eq!(died.signal(), Some(Signal::SIGKILL as i32));
        let second = scene.world.worker("second").start().await;
        let end = scene.outbox.terminal("R-1", SOON).await;
        is_marked(&end);
        assert_eq!(end.data["attempts"], attempts, "{end:?}");
        assert!(second.runs());
        no_door(&scene).await;
    }
}

#[tokio::test]
async fn whoever_asks_is_told_that_the_integration_rehearses() {
    let scene = rehearsing("probe", 1).await;
    let told = scene.world.postern(&["check-config"]).await;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("; rehearses: a probe of the one-time password"), "{told}");
    let told = scene.world.postern(&["doctor"]).await;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("opens no door, as it rehearses"), "{told}");
    let about = ["explain", "--integration", "acme-utrecht", "--booking", BOOKING];
    let told = scene.world.postern(&about).await;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("say yes, but the integration rehearses: no door opens"), "{told}");
    scene.open("R-1", BOOKING).await;
    let told = scene.world.postern(&["explain", "R-1"]).await;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("(rehearsal) opened room-12"), "{told}");
}
