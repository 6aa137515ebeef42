//! Replayed dead letters: each is executed once or not at all.

use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Value, json};

/// Runs `postern dlq` to its end; its output as JSON.
async fn dlq(fixture: &Fixture, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["dlq"], arguments, &["--output", "json"]].concat();
    let output = fixture.setup.postern(&arguments).await;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {words}");
    let lines = String::from_utf8(output.stdout).expect("JSON is text");
    lines.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}

/// The only dead letter.
async fn only_dead_letter(fixture: &Fixture) -> Value {
    let mut letters = dlq(fixture, &["list"]).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}

#[tokio::test]
async fn a_failed_request_is_answered_again_and_opens_nothing() {
    let fixture = Fixture::new(Setup::unactivated().await, 1).await;
    let failed = fixture.open("R-1", BOOKING).await;
    assert_eq!((&*failed.kind, failed.text("reason")), ("lock.open-failed.v1", "iq_not_activated"));
    fixture.wait_until_settled("open-requests", 1).await;

    let letter = only_dead_letter(&fixture).await;
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
    let shown = dlq(&fixture, &["show", id]).await;
    assert_eq!(shown[0]["prediction"], "outcome_known");
    assert_eq!(dlq(&fixture, &["list", "--reason", "iq_offline"]).await, Vec::<Value>::new());

    // The cause of the failure is corrected, but the answer does not change.
    fixture.setup.activate(IQ_GROUND_FLOOR).await;
    let replayed = dlq(&fixture, &["replay", id]).await;
    assert_eq!(replayed, [json!({"id": id, "result": "replayed"})]);
    fixture.wait_until_settled("open-requests", 2).await;
    assert_eq!(fixture.open("R-2", BOOKING).await.kind, "lock.opened.v1");
    let terminals = &fixture.outbound.terminals()["R-1"];
    assert_eq!(terminals.len(), 2);
    assert_eq!(terminals[0].body, terminals[1].body);
    assert_eq!(fixture.setup.simulator.opening_count().await, 1);
    assert_eq!(dlq(&fixture, &["list"]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn an_expired_request_opens_nothing_and_an_older_booking_changes_nothing() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let mut expired = open_request("late", BOOKING);
    expired["time"] = time(-120).into();
    publish_dead_letter(&fixture, "postern.open-requests", &expired).await;
    let mut newer = booking_status("B-2", "paid");
    newer["data"]["revision"] = 2.into();
    let mut older = booking_status("B-2", "cancelled");
    older["data"]["revision"] = 1.into();
    fixture.store_status(&newer).await;
    publish_dead_letter(&fixture, "postern.booking-status", &older).await;
    let fresh = open_request("fresh", BOOKING);
    publish_dead_letter(&fixture, "postern.open-requests", &fresh).await;

    let predicted = dlq(&fixture, &["replay", "--all", "--dry-run"]).await;
    let answer: Vec<_> = predicted.iter().map(|it| it["prediction"].as_str()).collect();
    assert_eq!(answer, [Some("expired"), Some("older_revision"), Some("will_apply")]);

    let settled = fixture.settled("booking-status").await;
    assert_eq!(dlq(&fixture, &["replay", "--all"]).await.len(), 3);
    let late = fixture.outbound.terminal("late", SOON).await;
    assert_eq!((&*late.kind, late.text("reason")), ("lock.open-rejected.v1", "request_expired"));
    assert_eq!(fixture.outbound.terminal("fresh", SOON).await.kind, "lock.opened.v1");
    fixture.wait_until_settled("booking-status", settled + 1).await;
    assert_eq!(fixture.open("second", "B-2").await.kind, "lock.opened.v1");
    assert_eq!(fixture.setup.simulator.opening_count().await, 2);
    assert_eq!(dlq(&fixture, &["list"]).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_message_that_is_still_malformed_is_a_dead_letter_again_with_its_replay_counted() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let body = br#"{"type":"lock.open-request.v1","type":"twice"}"#;
    let key = "lock.open-request.acme";
    let properties = BasicProperties::default();
    fixture.bus.publish_raw("postern.inbound", key, body, properties).await;
    fixture.wait_until_settled("open-requests", 1).await;
    for replays in 0..3 {
        let letter = only_dead_letter(&fixture).await;
        assert_eq!((&letter["reason"], &letter["replays"]), (&json!("malformed"), &json!(replays)));
        let id = letter["id"].as_str().expect("an id is text");
        assert_eq!(dlq(&fixture, &["show", id]).await[0]["prediction"], "still_malformed");
        assert_eq!(dlq(&fixture, &["replay", "--reason", "malformed"]).await.len(), 1);
        fixture.wait_until_settled("open-requests", replays + 2).await;
    }
    let letter = fixture.bus.dead_letters().await.remove(0);
    assert_eq!(letter.body, body);
    for (header, value) in [
        ("postern-replays", "3"),
        ("postern-exchange", "postern.inbound"),
        ("postern-routing-key", key),
        ("postern-queue", "postern.open-requests"),
    ] {
        assert_eq!(letter.header(header), value, "{header}");
    }
    assert!(fixture.outbound.events().is_empty());
}

#[tokio::test]
async fn a_request_that_expired_in_the_queue_is_listed_as_expired_and_can_be_replayed() {
    let mut fixture = Fixture::new(Setup::new().await, 1).await;
    assert!(fixture.workers.remove(0).stop(SOON).await.success());
    let properties = BasicProperties::default().with_expiration("1".into()).with_priority(3);
    let body = serde_json::to_vec(&open_request("R-1", BOOKING)).expect("JSON can be written");
    let key = "lock.open-request.acme";
    fixture.bus.publish_raw("postern.inbound", key, &body, properties).await;
    fixture.bus.wait_for_dead_letters(1, SOON).await;

    assert_eq!(dlq(&fixture, &["list", "--reason", "delivery_limit"]).await, Vec::<Value>::new());
    let letter = dlq(&fixture, &["list", "--reason", "expired"]).await.remove(0);
    assert_eq!(
        (&letter["queue"], &letter["event_id"]),
        (&json!("postern.open-requests"), &json!("R-1"))
    );
    let worker = fixture.setup.worker("again").start().await;
    fixture.workers.push(worker);
    assert_eq!(dlq(&fixture, &["replay", "--reason", "expired"]).await.len(), 1);
    assert_eq!(fixture.outbound.terminal("R-1", SOON).await.kind, "lock.opened.v1");
}

/// Makes an event a dead letter, as a worker does after repeated errors of Redis.
async fn publish_dead_letter(fixture: &Fixture, queue: &str, event: &Value) {
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
    fixture.bus.publish_raw("postern.dead-letter", &key, &body, properties).await;
}
