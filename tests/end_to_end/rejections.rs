//! The rules say no: an answer with its reason, nothing sent to Salto, and no dead letter.

use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn every_reason_to_reject_is_told_and_nothing_is_sent_to_salto() {
    let mut world = World::new().await;
    let mut closed = world.settings.integrations()[0].clone();
    closed["id"] = "closed-house".into();
    closed["active"] = false.into();
    world.settings.integrations().push(closed);
    world.settings.set("opening.booking_wait", "300ms");
    let scene = Scene::new(world, 1).await;

    let booking = |id: &str, change: &[(&str, Value)]| {
        let mut status = booking_status(id, "paid");
        for (member, value) in change {
            status["data"][member] = value.clone();
        }
        status
    };
    let starts_at = time(3 * 3600);
    for status in [
        booking("closed", &[("integration_id", "closed-house".into())]),
        booking("cancelled", &[("status", "cancelled".into())]),
        booking(
            "tomorrow",
            &[("starts_at", starts_at.clone().into()), ("ends_at", time(9 * 3600).into())],
        ),
        booking("over", &[("ends_at", time(-1).into())]),
        booking("two", &[("object_ids", json!(["room-12", "front-door"]))]),
        booking("sauna", &[("object_ids", json!(["sauna"]))]),
    ] {
        scene.know(&status).await;
    }
    let calls = scene.world.simulator.counters().await["calls"].clone();

    let request = |booking: &str, member: &str, value: Value| {
        let mut request = open_request(booking, booking);
        request["data"][member] = value;
        request
    };
    let mut late = open_request("late", BOOKING);
    late["time"] = time(-120).into();
    for (reason, request) in [
        ("integration_unknown", request("nobody", "integration_id", "nobody".into())),
        ("integration_inactive", request("closed", "integration_id", "closed-house".into())),
        ("booking_unknown", open_request("unheard-of", "unheard-of")),
        ("status_not_allowed", open_request("cancelled", "cancelled")),
        ("too_early", open_request("tomorrow", "tomorrow")),
        ("too_late", open_request("over", "over")),
        ("object_not_in_booking", request("two", "object_id", "room-1".into())),
        ("object_ambiguous", open_request("any-of-two", "two")),
        ("no_lock_mapped", open_request("sauna", "sauna")),
        ("request_expired", late),
    ] {
        let answer = scene.ask(&request).await;
        assert_eq!((&*answer.kind, answer.text("reason")), ("lock.open-rejected.v1", reason));
        assert_eq!(answer.data["attempts"], 0, "{reason}");
        assert!(!answer.text("detail").is_empty(), "{reason} comes without words");
        let integration = request["data"]["integration_id"].as_str().expect("an id");
        assert_eq!(answer.routing_key, format!("lock.open-rejected.{integration}"));
        assert_eq!(answer.subject, request["data"]["booking_id"]);
        let opens_at = answer.data.get("opens_at").map(instant);
        let begins = (reason == "too_early")
            .then(|| instant(&starts_at.clone().into()) - TimeDelta::minutes(15));
        assert_eq!(opens_at, begins, "{reason}");
        for member in ["class", "lock_id", "iq_id"] {
            assert_eq!(answer.data.get(member), None, "{reason} has {member}");
        }
    }

    assert_eq!(scene.world.simulator.counters().await["calls"], calls, "nothing was sent");
    assert_eq!(scene.open("healthy", BOOKING).await.kind, "lock.opened.v1");
    assert_eq!(scene.world.simulator.opened().await, 1);
    scene.settles("open-requests", 11).await;
    assert!(scene.bus.dead_letters().await.is_empty(), "a rejection is an answer, no failure");
}

fn instant(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().expect("a time is text");
    DateTime::parse_from_rfc3339(text).expect("a time is RFC 3339").to_utc()
}

/// Salto is away, the worker tries again and again; meanwhile the booking is cancelled.
async fn cancelled_meanwhile(scene: &Scene) -> (DateTime<Utc>, Value) {
    scene.world.simulator.fault(json!({"kind": "status", "status": 503, "call": "open"})).await;
    scene.bus.open_request(&open_request("R-1", BOOKING)).await;
    scene.world.simulator.commanded_times(2, SOON).await;
    scene.know(&booking_status(BOOKING, "cancelled")).await;
    let known = Utc::now();
    let answer = scene.outbox.terminal("R-1", SOON).await;
    (known, answer.body)
}

#[tokio::test]
async fn a_booking_cancelled_between_two_commands_gets_no_third_one() {
    let mut world = World::new().await;
    world.settings.set("opening.request_ttl", "9m");
    let scene = Scene::new(world, 1).await;
    let (known, answer) = cancelled_meanwhile(&scene).await;
    assert_eq!(answer["type"], "lock.open-rejected.v1", "{answer}");
    assert_eq!(answer["data"]["reason"], "status_not_allowed");
    let commands = scene.world.simulator.commands().await;
    assert_eq!(answer["data"]["attempts"], commands.len());
    assert!(commands.iter().all(|command| command.received_at < known), "{known}: {commands:?}");
}

#[tokio::test]
async fn a_doubt_outlives_the_booking_that_was_cancelled() {
    let mut world = World::new().await;
    world.settings.set("opening.resend_window", "60s");
    let scene = Scene::new(world, 1).await;
    scene
        .world
        .simulator
        .fault(json!({"kind": "opened_then_dropped", "call": "open", "times": 1}))
        .await;
    let (known, answer) = cancelled_meanwhile(&scene).await;
    assert_eq!(answer["type"], "lock.open-failed.v1", "{answer}");
    assert_eq!(answer["data"]["reason"], "outcome_unknown");
    let commands = scene.world.simulator.commands().await;
    assert_eq!(answer["data"]["attempts"], commands.len());
    assert!(commands.iter().all(|command| command.received_at < known), "{known}: {commands:?}");
}
