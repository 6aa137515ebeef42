//! Bodies larger than 1 MiB: nothing of postern has them in memory, and the broker keeps them as dead letters.

use end_to_end::broker::{RawMessage, RawPublisher};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::setup::Setup;
use lapin::BasicProperties;
use serde_json::Value;

const MESSAGES: usize = 4;
/// RabbitMQ's default maximum is 128 MiB.
const BODY: usize = 20 * 1024 * 1024;
/// What the worker may need more, whatever the size of the bodies.
const MEMORY: u64 = 24 * 1024 * 1024;

/// Runs `postern dlq` to its end, which must be this one; its output.
async fn dlq(fixture: &Fixture, arguments: &[&str], success: bool) -> Vec<Value> {
    let arguments = [&["dlq"], arguments, &["--output", "json"]].concat();
    let output = fixture.setup.postern(&arguments).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), success, "{arguments:?}: {errors}");
    let lines = String::from_utf8(output.stdout).expect("JSON is text");
    let lines = lines.lines().map(|line| serde_json::from_str(line).expect("a JSON object"));
    lines.collect()
}

#[tokio::test]
async fn large_bodies_are_dead_letters_that_nothing_of_postern_reads() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    assert_eq!(fixture.open("before", BOOKING).await.kind, "lock.opened.v1");
    let before = fixture.workers[0].usage().peak_memory;
    let mut raw = RawPublisher::connect(fixture.setup.vhost.url()).await;
    let routing_key = b"lock.open-request".to_vec();
    let message = RawMessage { routing_key, body: vec![b'x'; BODY], ..RawMessage::default() };
    for _ in 0..MESSAGES {
        raw.publish(&message).await;
    }
    assert_eq!(fixture.open("meanwhile", BOOKING).await.kind, "lock.opened.v1");
    until_true("the dead letters", SOON * 3, || async {
        fixture.bus.waiting("postern.dead-letters").await == u32::try_from(MESSAGES).ok()
    })
    .await;
    let grown = fixture.workers[0].usage().peak_memory.saturating_sub(before);
    println!("{MESSAGES} messages of {BODY} bytes: the worker's memory grew by {grown} bytes");
    assert!(grown < MEMORY, "{grown} bytes");
    assert!(!fixture.workers[0].log().contains("session lost"));

    let letters = dlq(&fixture, &["list"], true).await;
    assert_eq!(letters.len(), MESSAGES);
    let detail = format!("the body has {BODY} bytes, at most 1048576 are allowed");
    for letter in &letters {
        assert_eq!((&letter["reason"], &letter["bytes"]), (&"malformed".into(), &BODY.into()));
        assert_eq!(letter["detail"], detail);
        assert!(letter["failed_at"].is_string(), "{letter}");
    }
    let id = letters[0]["id"].as_str().expect("an id is text");
    let shown = dlq(&fixture, &["show", id], true).await;
    assert_eq!(shown[0]["prediction"], "cannot_replay", "{shown:?}");
    assert!(shown[0]["body_left_out"].is_string(), "{shown:?}");

    // A replay would lose the body, and changes nothing.
    let results = dlq(&fixture, &["replay", id], false).await;
    assert_eq!(results[0]["result"], "failed", "{results:?}");
    assert_eq!(dlq(&fixture, &["list"], true).await, letters);
    let kept = fixture.bus.dead_letters().await;
    assert!(kept.iter().all(|letter| letter.body.len() == BODY), "a body is lost");

    let archive = fixture.setup.directory().join("dropped.jsonl");
    let archive = archive.to_str().expect("a path is text");
    dlq(&fixture, &["drop", id, "--yes", "--archive", archive], true).await;
    assert_eq!(dlq(&fixture, &["list"], true).await.len(), MESSAGES - 1);
}

/// More deliveries than make a suspect.
const DELIVERIES: usize = 6;

/// Parking it would publish what the worker has of it, and that is not the body.
#[tokio::test]
async fn a_large_body_that_was_delivered_often_is_not_parked() {
    let mut fixture = Fixture::new(Setup::new().await, 1).await;
    assert!(fixture.workers.remove(0).stop(SOON).await.success());
    let body = vec![b'x'; 2 * 1024 * 1024];
    let properties = BasicProperties::default();
    fixture.bus.publish_raw("postern.inbound", "lock.open-request", &body, properties).await;
    fixture.bus.return_unsettled("postern.open-requests", 1, DELIVERIES).await;
    fixture.workers.push(fixture.setup.worker("later").start().await);
    let letters = fixture.bus.wait_for_dead_letters(1, SOON).await;
    assert_eq!(letters[0].body.len(), body.len());
    let metrics = fixture.workers[0].metrics().await;
    let parked = r#"postern_requests_parked_total{reason="poison_guard"}"#;
    assert!(!metrics.lines().any(|line| line.starts_with(parked) && !line.ends_with(" 0")));
}
