//! Integrations that are stored in Redis: set up and changed with workers running, without a file or a signal.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_redis::redis::cmd;
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, open_request};
use end_to_end::redis::connect;
use end_to_end::setup::Setup;
use serde_json::{Value, json};
use std::ops::Range;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use toml::Table;

/// How old what a command rests on may be when its bytes leave (docs/contract.md, invariant 2).
const FRESH: Duration = Duration::from_millis(300);

/// Requests that wait for Salto's pause to end.
const PARKED: &str = "postern_requests_parked_total{reason=\"next_attempt\"}";

/// A setup whose integration is not in the file, and its document.
async fn without_integration() -> (Setup, Table) {
    let mut setup = Setup::new().await;
    let Some(toml::Value::Table(document)) = setup.settings.integrations().pop() else {
        panic!("the settings have an integration");
    };
    (setup, document)
}

/// A setup whose integration is stored, its document, and its version.
async fn with_stored() -> (Setup, Table, u64) {
    let (setup, document) = without_integration().await;
    let version = applied(&setup, &document, &[]).await;
    (setup, document, version)
}

async fn run(setup: &Setup, arguments: &[&str], input: &str) -> Output {
    let arguments = [&["integration"], arguments, &["--output", "json"]].concat();
    let output = setup.postern_with_input(&arguments, input).await;
    let shown = format!("{output:?}");
    assert!(!shown.contains("demo-password"), "no secret is shown: {shown}");
    output
}

fn row(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("the result is an object")
}

async fn apply(setup: &Setup, document: &Table, more: &[&str]) -> Output {
    run(setup, &[&["apply", "-"], more].concat(), &document.to_string()).await
}

async fn applied(setup: &Setup, document: &Table, more: &[&str]) -> u64 {
    row(&apply(setup, document, more).await)["version"].as_u64().expect("a number")
}

/// Switches the integration on or off, as an operator does.
async fn switch(setup: &Setup, active: bool) {
    let mut document = row(&run(setup, &["export", INTEGRATION], "").await);
    document["active"] = active.into();
    row(&run(setup, &["apply", "-"], &document.to_string()).await);
}

/// The kind and the reason of the answer.
async fn outcome(fixture: &Fixture, request: &str) -> (String, String) {
    let event = fixture.open(request, BOOKING).await;
    (event.kind.clone(), event.data["reason"].as_str().unwrap_or_default().to_owned())
}

fn opened() -> (String, String) {
    ("lock.opened.v1".to_owned(), String::new())
}

fn rejected(reason: &str) -> (String, String) {
    ("lock.open-rejected.v1".to_owned(), reason.to_owned())
}

#[tokio::test]
async fn doors_open_and_stay_shut_as_soon_as_a_change_is_stored() {
    let (setup, document) = without_integration().await;
    let fixture = Fixture::new(setup, 2).await;
    let setup = &fixture.setup;
    assert_eq!(outcome(&fixture, "R-0").await, rejected("integration_unknown"));
    applied(setup, &document, &[]).await;
    assert_eq!(outcome(&fixture, "R-1").await, opened(), "at once, without a signal");
    let tokens = setup.simulator.token_requests().await;
    switch(setup, false).await;
    assert_eq!(outcome(&fixture, "R-2").await, rejected("integration_inactive"));
    switch(setup, true).await;
    assert_eq!(outcome(&fixture, "R-3").await, opened(), "the password was kept");
    assert_eq!(setup.simulator.token_requests().await, tokens, "the account kept its token");
    // Without any request, each worker has read the changes.
    until_true("both workers to have read them", SOON, || async {
        fixture.workers.iter().all(|it| it.log().contains("stored integrations read"))
    })
    .await;
    // Commands know it too.
    for command in [&["iq", "list"][..], &["lock", "list"], &["pause", "list"]] {
        let output = setup.postern(&[command, &["--integration", INTEGRATION]].concat()).await;
        assert_eq!(output.status.code(), Some(0), "{command:?}: {output:?}");
    }
    let removed = run(setup, &["remove", INTEGRATION], "").await;
    assert_eq!(removed.status.code(), Some(2), "not without a confirmation: {removed:?}");
    row(&run(setup, &["remove", INTEGRATION, "--yes"], "").await);
    assert_eq!(outcome(&fixture, "R-4").await, rejected("integration_unknown"));
    let stored = format!("{:?}", setup.stored().await);
    assert!(!stored.contains("demo-password"), "encrypted");

    let audit = setup.postern(&["audit", "--outcome", "changed", "--output", "json"]).await;
    let lines: Vec<Value> = String::from_utf8_lossy(&audit.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is an object"))
        .collect();
    let actions: Vec<&Value> = lines.iter().map(|line| &line["change"]["action"]).collect();
    assert_eq!(actions, ["created", "changed", "changed", "removed"]);
    let off = &lines[1]["change"]["settings"];
    assert_eq!(off, &json!([{"key": "active", "old": "true", "new": "false"}]));
    assert!(lines.iter().all(|line| line["operator"].as_str().is_some_and(|it| !it.is_empty())));
    assert!(!String::from_utf8_lossy(&audit.stdout).contains("demo-password"));
}

#[tokio::test]
async fn a_change_that_is_based_on_an_older_version_is_refused() {
    let (setup, mut document, first) = with_stored().await;
    let again = apply(&setup, &document, &[]).await;
    assert_eq!(again.status.code(), Some(1), "it says no version");
    let based_on = |version: u64| ["--based-on".to_owned(), version.to_string()];
    document.insert("minutes_before".to_owned(), 20.into());
    let [flag, version] = based_on(first);
    let second = applied(&setup, &document, &[&flag, &version]).await;
    // Another person has seen the first version.
    document.insert("minutes_before".to_owned(), 5.into());
    let refused = apply(&setup, &document, &[&flag, &version]).await;
    assert_eq!(refused.status.code(), Some(1));
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    let author = row(&run(&setup, &["show", INTEGRATION], "").await)["author"].clone();
    let author = author.as_str().expect("a text").to_owned();
    for part in [&first.to_string(), &second.to_string(), &author] {
        assert!(text.contains(part.as_str()), "{part}: {text}");
    }
    // The version in the document counts as the flag does.
    document.insert("version".to_owned(), i64::try_from(first).expect("it is small").into());
    assert_eq!(apply(&setup, &document, &[]).await.status.code(), Some(1));
    document.insert("version".to_owned(), i64::try_from(second).expect("it is small").into());
    applied(&setup, &document, &[]).await;
    let shown = row(&run(&setup, &["show", INTEGRATION], "").await);
    assert_eq!(
        (&shown["settings"]["minutes_before"], &shown["has_password"]),
        (&json!(5), &json!(true))
    );
    let [flag, version] = based_on(second);
    let removed = run(&setup, &["remove", INTEGRATION, "--yes", &flag, &version], "").await;
    assert_eq!(removed.status.code(), Some(1), "{removed:?}");
    // Mistakes are told at once, and nothing is stored.
    document.insert("minutes_before".to_owned(), (-1).into());
    document.insert("environment".to_owned(), "simulatr".into());
    let mistakes = apply(&setup, &document, &[]).await;
    assert_eq!(mistakes.status.code(), Some(2));
    let text = String::from_utf8_lossy(&mistakes.stderr).into_owned();
    let failure = text.lines().last().expect("a failure is a line");
    let failure: Value = serde_json::from_str(failure).expect("a failure is JSON");
    assert_eq!(failure["mistakes"].as_array().map(Vec::len), Some(2), "{failure}");
}

/// Publishes 100 requests a second until `stop`; how many there were.
async fn load(fixture: &Fixture, bookings: &[String], stop: &AtomicBool) -> usize {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let mut published = 0;
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let booking = &bookings[published % bookings.len()];
        fixture.bus.open_request(&open_request(&format!("r-{published}"), booking)).await;
        published += 1;
    }
    published
}

/// Switches the integration off for a while, and on again; the time in which it was off.
async fn off_for_a_while(setup: &Setup) -> Range<DateTime<Utc>> {
    switch(setup, false).await;
    let from = Utc::now();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let until = Utc::now();
    switch(setup, true).await;
    from..until
}

#[tokio::test]
async fn under_load_no_command_leaves_after_the_switch_whatever_becomes_of_a_worker() {
    let (setup, _, _) = with_stored().await;
    let fixture = Fixture::new(setup, 2).await;
    let (setup, stop) = (&fixture.setup, AtomicBool::new(false));
    let bookings = fixture.store_rooms().await;
    let switches = async {
        setup.simulator.wait_for_openings(20, SOON).await;
        let first = off_for_a_while(setup).await;
        let opened = setup.simulator.opening_count().await;
        setup.simulator.wait_for_openings(opened + 20, SOON).await;
        // Requests are parked when it is switched off, and one of the workers dies.
        let pause = json!({"kind": "rate_limit", "retry_after": 1, "call": "open", "times": 1});
        setup.simulator.add_fault(pause).await;
        fixture.workers[1].wait_for_metric(PARKED, 5.0, SOON).await;
        fixture.workers[0].kill().await;
        let second = off_for_a_while(setup).await;
        stop.store(true, Ordering::Relaxed);
        [first, second]
    };
    let (published, off) = tokio::join!(load(&fixture, &bookings, &stop), switches);
    fixture.outbound.ended(published, SOON * 4).await;
    let commands = setup.simulator.commands().await;
    for Range { start, end } in off {
        // A command may be on its way for as long as what it rests on is fresh.
        let fresh = TimeDelta::from_std(FRESH).expect("it is short");
        let late = start + fresh..end;
        let late: Vec<_> = commands.iter().filter(|it| late.contains(&it.received_at)).collect();
        assert!(late.is_empty(), "switched off from {start} to {end}: {late:?}");
    }
    let terminals = fixture.outbound.terminals();
    let mut reasons = terminals.values().flatten().map(|event| &event.data["reason"]);
    assert!(reasons.any(|reason| reason == "integration_inactive"), "{published} requests");
}

#[tokio::test]
async fn a_worker_that_was_frozen_before_its_command_sends_none_after_the_switch() {
    let (setup, _, _) = with_stored().await;
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    for (request, removes) in [("R-1", false), ("R-2", true)] {
        fixture.workers[0].freeze_at("before-command");
        fixture.bus.open_request(&open_request(request, BOOKING)).await;
        fixture.workers[0].frozen(SOON).await;
        let frozen = Instant::now();
        let reason = if removes {
            row(&run(&fixture.setup, &["remove", INTEGRATION, "--yes"], "").await);
            "integration_unknown"
        } else {
            switch(&fixture.setup, false).await;
            "integration_inactive"
        };
        let is_old = || async { frozen.elapsed() > FRESH };
        until_true("what the command rests on to be no longer fresh", SOON, is_old).await;
        // It has no heartbeat and has heard of nothing when it goes on.
        fixture.workers[0].resume();
        let answer = fixture.outbound.terminal(request, SOON).await;
        assert_eq!((&*answer.kind, answer.text("reason")), ("lock.open-rejected.v1", reason));
        if !removes {
            switch(&fixture.setup, true).await;
        }
    }
    assert_eq!(fixture.setup.simulator.commands().await.len(), 1, "the warm-up alone");
}

#[tokio::test]
async fn the_file_wins_and_a_damaged_document_disturbs_no_other() {
    let (mut setup, document, _) = with_stored().await;
    // The same id in the file, which opens; the stored one is switched off.
    switch(&setup, false).await;
    let mut broken = document.clone();
    broken.insert("id".to_owned(), "broken".into());
    applied(&setup, &broken, &[]).await;
    setup.settings.integrations().push(document.clone().into());
    let of_file = apply(&setup, &document, &[]).await;
    assert_eq!(of_file.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&of_file.stderr).contains("configuration file"), "{of_file:?}");
    let mut redis = connect(setup.redis_url()).await;
    let mut damage = cmd("HSET");
    damage.arg(format!("{}integrations", setup.key_prefix())).arg("broken").arg("{");
    damage.query_async::<()>(&mut redis).await.expect("it is damaged");

    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
    let log = fixture.workers[0].log();
    assert!(log.contains("the file has one of the same id"), "{log}");
    assert!(log.contains("stored integration left out"), "{log}");
    let doctor = fixture.setup.postern(&["doctor", "--output", "json"]).await;
    let findings: Vec<Value> = String::from_utf8_lossy(&doctor.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let level = |subject: &str| {
        let of_subject =
            |it: &&Value| it["check"] == "integration.stored" && it["subject"] == subject;
        findings.iter().find(of_subject).map(|it| it["level"].clone())
    };
    assert_eq!(level(INTEGRATION), Some(json!("warning")));
    assert_eq!(level("broken"), Some(json!("broken")));
    let list = run(&fixture.setup, &["list"], "").await;
    let rows: Vec<Value> = String::from_utf8_lossy(&list.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a row is an object"))
        .collect();
    let shown: Vec<_> =
        rows.iter().map(|it| (it["origin"].as_str(), it["problem"].is_null())).collect();
    assert_eq!(shown, [(Some("file"), true), (Some("stored"), false), (Some("stored"), false)]);
    // Replaced, it is used.
    let version = rows[2]["version"].as_u64().expect("its version is known");
    applied(&fixture.setup, &broken, &["--based-on", &version.to_string()]).await;
    let mut booking = end_to_end::inbound::booking_status("B-2", "paid");
    booking["data"]["integration_id"] = "broken".into();
    fixture.store_status(&booking).await;
    let mut request = open_request("R-2", "B-2");
    request["data"]["integration_id"] = "broken".into();
    // Its IQ is not activated for it: the rules said yes.
    assert_eq!(fixture.answer_to(&request).await.kind, "lock.open-failed.v1");
}

#[tokio::test]
async fn the_key_is_rotated_for_stored_passwords_too() {
    let (mut setup, _, _) = with_stored().await;
    let key = setup.settings.get("secrets.key").and_then(|key| key.as_str()).map(str::to_owned);
    let key = key.expect("there is a key");
    setup.settings.set("secrets.old_keys", vec![key]);
    setup.settings.set("secrets.key", BASE64_STANDARD.encode([9; 32]));
    let rotated = setup.postern(&["secrets", "rotate", "--output", "json"]).await;
    let text = String::from_utf8_lossy(&rotated.stdout).into_owned();
    assert!(text.contains(r#""kind":"password","rotated":1"#), "{text}");
    setup.settings.set("secrets.old_keys", Vec::<String>::new());
    setup.simulator.revoke_tokens().await;
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn without_redis_commands_work_with_the_integrations_of_the_file() {
    let mut setup = Setup::unactivated().await;
    setup.settings.set("redis.url", "redis://127.0.0.1:1/0");
    let list = run(&setup, &["list"], "").await;
    assert_eq!(list.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&list.stdout).contains(INTEGRATION), "{list:?}");
    assert!(String::from_utf8_lossy(&list.stderr).contains("are unknown"), "{list:?}");
    let letters = setup.postern(&["dlq", "list", "--integration", INTEGRATION]).await;
    let text = String::from_utf8_lossy(&letters.stderr).into_owned();
    assert!(text.contains("the stored integrations are unknown"), "{text}");
}
