//! `secrets.old_keys` and `postern secrets rotate`, with a worker running.

use std::process::Output;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use deadpool_redis::redis::cmd;
use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::INTEGRATION;
use end_to_end::redis::{connect, forget};
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR};
use serde_json::Value;

fn key_of(setup: &Setup) -> String {
    let key = setup.settings.get("secrets.key").and_then(|key| key.as_str());
    key.expect("there is a key").to_owned()
}

/// Sets a new key; the one before it is an old one.
fn change_key(setup: &mut Setup) {
    setup.settings.set("secrets.old_keys", vec![key_of(setup)]);
    setup.settings.set("secrets.key", BASE64_STANDARD.encode([7; 32]));
}

async fn rotate(setup: &Setup, more: &[&str]) -> Output {
    let arguments = [&["secrets", "rotate", "--output", "json"], more].concat();
    let output = setup.postern(&arguments).await;
    let shown = String::from_utf8_lossy(&output.stderr);
    assert!(!shown.contains(&key_of(setup)), "{shown}");
    output
}

/// The count of each kind in the output.
fn counts(output: &Output, member: &str) -> Vec<(String, u64)> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let count = |line: &str| {
        let counts: Value = serde_json::from_str(line).expect("each line is an object");
        let kind = counts["kind"].as_str().expect("a kind is a text").to_owned();
        (kind, counts[member].as_u64().expect("a count is a number"))
    };
    text.lines().map(count).collect()
}

fn total(output: &Output, member: &str) -> u64 {
    counts(output, member).iter().map(|(_, count)| count).sum()
}

/// Restarts the only worker with the settings as they are now.
async fn restart(fixture: &mut Fixture, name: &str) {
    let next = fixture.setup.worker(name).start().await;
    assert_eq!(fixture.workers[0].stop(SOON).await.code(), Some(0));
    fixture.workers[0] = next;
}

#[tokio::test]
async fn the_key_is_rotated_while_a_worker_runs_and_after_a_rotation_that_was_killed() {
    let mut fixture = Fixture::new(Setup::new().await, 1).await;
    assert_eq!(fixture.open("before", BOOKING).await.kind, "lock.opened.v1");
    change_key(&mut fixture.setup);
    restart(&mut fixture, "both-keys").await;
    assert_eq!(fixture.open("old-values", BOOKING).await.kind, "lock.opened.v1");
    let tokens = fixture.setup.simulator.token_requests().await;

    let planned = rotate(&fixture.setup, &["--dry-run"]).await;
    assert_eq!(planned.status.code(), Some(0));
    let wanted = [("activation", 2), ("token", 1), ("password", 0), ("key_check", 1)];
    let wanted = wanted.map(|(kind, count)| (kind.to_owned(), count));
    assert_eq!(counts(&planned, "rotated"), wanted);

    let killed = fixture.setup.postern_killed_at(&["secrets", "rotate"], "secret-rotated").await;
    assert_eq!(killed.status.code(), None, "it was killed");
    let left = rotate(&fixture.setup, &["--dry-run"]).await;
    assert_eq!((total(&left, "rotated"), total(&left, "current")), (3, 1));
    fixture.store_booking("room-13").await;
    assert_eq!(fixture.open("half-way", BOOKING).await.kind, "lock.opened.v1");

    let completed = rotate(&fixture.setup, &[]).await;
    assert_eq!(completed.status.code(), Some(0));
    assert_eq!((total(&completed, "rotated"), total(&completed, "current")), (3, 1));
    let again = rotate(&fixture.setup, &[]).await;
    assert_eq!((total(&again, "rotated"), total(&again, "current")), (0, 4));
    assert_eq!(fixture.open("rotated", BOOKING).await.kind, "lock.opened.v1");

    fixture.setup.settings.set("secrets.old_keys", Vec::<String>::new());
    restart(&mut fixture, "new-key").await;
    assert_eq!(fixture.open("after", BOOKING).await.kind, "lock.opened.v1");
    assert_eq!(fixture.setup.simulator.token_requests().await, tokens, "the token is still used");
}

#[tokio::test]
async fn a_dead_letter_from_before_the_rotation_keeps_its_answer() {
    let mut fixture = Fixture::new(Setup::unactivated().await, 1).await;
    fixture.open("R-1", BOOKING).await;
    fixture.wait_until_settled("open-requests", 1).await;
    fixture.setup.activate(IQ_GROUND_FLOOR).await;
    change_key(&mut fixture.setup);
    restart(&mut fixture, "both-keys").await;
    assert_eq!(rotate(&fixture.setup, &[]).await.status.code(), Some(0));
    // As after months: the answer is in the letter alone.
    forget(fixture.setup.redis_url(), fixture.setup.key_prefix(), "request:").await;
    // The replay is signed with the new key.
    let replay = fixture.setup.postern(&["dlq", "replay", "--all"]).await;
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
    fixture.wait_until_settled("open-requests", 1).await;
    fixture.outbound.catch_up().await;
    let terminals = &fixture.outbound.terminals()["R-1"];
    assert_eq!(terminals.len(), 2);
    assert_eq!(terminals[0].body, terminals[1].body);
    assert_eq!(fixture.setup.simulator.opening_count().await, 0);

    fixture.setup.settings.set("secrets.old_keys", Vec::<String>::new());
    restart(&mut fixture, "new-key").await;
    assert_eq!(fixture.open("after", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_value_that_no_key_can_read_is_named_and_is_a_failure() {
    let mut setup = Setup::new().await;
    let key = format!("{}activations:{INTEGRATION}", setup.key_prefix());
    let mut redis = connect(setup.redis_url()).await;
    let mut read = cmd("HGET");
    read.arg(&key).arg(IQ_GROUND_FLOOR);
    let ground: Vec<u8> = read.query_async(&mut redis).await.expect("the activation is stored");
    let mut write = cmd("HSET");
    write.arg(&key).arg(IQ_FIRST_FLOOR).arg(&ground);
    write.query_async::<()>(&mut redis).await.expect("it can be copied");
    change_key(&mut setup);
    let output = rotate(&setup, &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains(&format!("{key} {IQ_FIRST_FLOOR}")), "{stderr}");
    assert!(stderr.contains("can be read with none of the keys"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let activations = &counts(&output, "rotated")[0];
    assert_eq!(activations, &("activation".to_owned(), 1));
    let found: Vec<u8> = {
        let mut read = cmd("HGET");
        read.arg(&key).arg(IQ_FIRST_FLOOR);
        read.query_async(&mut redis).await.expect("it is still stored")
    };
    assert_eq!(found, ground);
}
