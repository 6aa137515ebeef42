//! Dead letters that come back while a worker runs: what they ask for is done once, or not at all.

use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::simulator::IQ_GROUND_FLOOR;
use end_to_end::world::World;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Value, json};

/// Runs `postern dlq` to its end and reads what it prints as JSON.
async fn dlq(scene: &Scene, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["dlq"], arguments, &["--output", "json"]].concat();
    let output = scene.world.postern(&arguments).await;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {words}");
    let lines = String::from_utf8(output.stdout).expect("JSON is text");
    lines.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}

/// The one dead letter.
async fn only(scene: &Scene) -> Value {
    let mut letters = dlq(scene, &["list"]).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}

#[tokio::test]
async fn a_failed_request_is_answered_again_and_opens_nothing() {
    let scene = Scene::new(World::unactivated().await, 1).await;
    let failed = scene.open("R-1", BOOKING).await;
    assert_eq!((&*failed.kind, failed.text("reason")), ("lock.open-failed.v1", "iq_not_activated"));
    scene.settles("open-requests", 1).await;

    let letter = only(&scene).await;
    for (member, value) in [
        ("type", "lock.open-request.v1"),
        ("reason", "iq_not_activated"),
        ("integration_id", "acme-utrecht"),
        ("queue", "postern.open-requests"),
        ("booking_id", BOOKING),
        ("event_id", "R-1"),
    ] {
        assert_eq!(letter[member], value, "{member}");
    }
    let id = letter["id"].as_str().expect("an id is text");
    let shown = dlq(&scene, &["show", id]).await;
    assert_eq!(shown[0]["prediction"], "outcome_known");
    assert_eq!(dlq(&scene, &["list", "--reason", "iq_offline"]).await, Vec::<Value>::new());

    // What kept it from opening is mended, and its answer stands all the same.
    scene.world.activate(IQ_GROUND_FLOOR).await;
    let replayed = dlq(&scene, &["replay", id]).await;
    assert_eq!(replayed, [json!({"id": id, "result": "replayed"})]);
    scene.settles("open-requests", 2).await;
    assert_eq!(scene.open("R-2", BOOKING).await.kind, "lock.opened.v1");
    let terminals = &scene.outbox.terminals()["R-1"];
    assert_eq!(terminals.len(), 2);
    assert_eq!(terminals[0].body, terminals[1].body);
    assert_eq!(scene.world.simulator.opened().await, 1);
    assert_eq!(dlq(&scene, &["list"]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_expired_request_opens_nothing_and_an_older_booking_changes_nothing() {
    let scene = Scene::new(World::new().await, 1).await;
    let mut expired = open_request("late", BOOKING);
    expired["time"] = time(-120).into();
    lay(&scene, "postern.open-requests", &expired).await;
    let mut newer = booking_status("B-2", "paid");
    newer["data"]["revision"] = 2.into();
    let mut older = booking_status("B-2", "cancelled");
    older["data"]["revision"] = 1.into();
    scene.know(&newer).await;
    lay(&scene, "postern.booking-status", &older).await;
    let fresh = open_request("fresh", BOOKING);
    lay(&scene, "postern.open-requests", &fresh).await;

    let predicted = dlq(&scene, &["replay", "--all", "--dry-run"]).await;
    let told: Vec<_> = predicted.iter().map(|it| it["prediction"].as_str()).collect();
    assert_eq!(told, [Some("expired"), Some("older_revision"), Some("will_apply")]);

    let settled = scene.settled("booking-status").await;
    assert_eq!(dlq(&scene, &["replay", "--all"]).await.len(), 3);
    let late = scene.outbox.terminal("late", SOON).await;
    assert_eq!((&*late.kind, late.text("reason")), ("lock.open-rejected.v1", "request_expired"));
    assert_eq!(scene.outbox.terminal("fresh", SOON).await.kind, "lock.opened.v1");
    scene.settles("booking-status", settled + 1).await;
    assert_eq!(scene.open("second", "B-2").await.kind, "lock.opened.v1");
    assert_eq!(scene.world.simulator.opened().await, 2);
    assert_eq!(dlq(&scene, &["list"]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_still_malformed_is_a_dead_letter_again_and_counts() {
    let scene = Scene::new(World::new().await, 1).await;
    let body = br#"{"type":"lock.open-request.v1","type":"twice"}"#;
    let key = "lock.open-request.acme";
    let properties = BasicProperties::default();
    scene.bus.publish_raw("postern.inbound", key, body, properties).await;
    scene.settles("open-requests", 1).await;
    for replays in 0..3 {
        let letter = only(&scene).await;
        assert_eq!((&letter["reason"], &letter["replays"]), (&json!("malformed"), &json!(replays)));
        let id = letter["id"].as_str().expect("an id is text");
        assert_eq!(dlq(&scene, &["show", id]).await[0]["prediction"], "still_malformed");
        assert_eq!(dlq(&scene, &["replay", "--reason", "malformed"]).await.len(), 1);
        scene.settles("open-requests", replays + 2).await;
    }
    let letter = scene.bus.dead_letters().await.remove(0);
    assert_eq!(letter.body, body);
    for (header, value) in [
        ("postern-replays", "3"),
        ("postern-exchange", "postern.inbound"),
        ("postern-routing-key", key),
        ("postern-queue", "postern.open-requests"),
    ] {
        assert_eq!(letter.header(header), value, "{header}");
    }
    assert!(scene.outbox.events().is_empty());
}

/// Makes an event a dead letter, as a worker does that Redis has refused again and again.
async fn lay(scene: &Scene, queue: &str, event: &Value) {
    let mut headers = FieldTable::default();
    for (name, value) in [
        ("postern-reason", "retries_exhausted"),
        ("postern-failed-at", &time(0)),
        ("postern-queue", queue),
    ] {
        headers.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    let body = serde_json::to_vec(event).expect("JSON can be written");
    let properties = BasicProperties::default().with_headers(headers);
    let key = format!("{queue}.retries_exhausted");
    scene.bus.publish_raw("postern.dead-letter", &key, &body, properties).await;
}
