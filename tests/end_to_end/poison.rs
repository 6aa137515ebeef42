//! A message that kills every worker that takes it becomes a dead letter; messages that were taken with it do not.

use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Published before any worker runs, so that they are delivered together with the poison message.
const WAITING: usize = 40;
/// Published later, one at a time.
const EVERY: Duration = Duration::from_millis(300);
/// The broker delivers a message again a hundred times.
const DELIVERIES: usize = 101;
const NAMES: [&str; 2] = ["left", "right"];
const LIMIT: Duration = Duration::from_secs(240);

/// A worker that is killed whenever it has read the poison message.
fn start(setup: &Setup, name: &str) -> Worker {
    setup.worker(name).failpoint("after-decode poison").spawn()
}

/// The number of killed workers.
fn restart_killed_workers(fixture: &mut Fixture) -> usize {
    let mut dead = 0;
    for (worker, name) in fixture.workers.iter_mut().zip(NAMES) {
        if !worker.is_running() {
            dead += 1;
            *worker = start(&fixture.setup, name);
        }
    }
    dead
}

#[tokio::test]
async fn a_message_that_kills_its_workers_becomes_a_dead_letter_and_other_messages_do_not() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.request_ttl", "10m");
    // The outcome of a command that was interrupted by a kill is taken from Salto.
    setup.settings.set("opening.resend_window", "60s");
    setup.settings.set_integration("ask_entries", true);
    let mut fixture = Fixture::new(setup, 1).await;
    assert!(fixture.workers.remove(0).stop(SOON).await.success());
    let mut requests: Vec<Value> =
        (0..WAITING).map(|number| open_request(&format!("waiting-{number}"), BOOKING)).collect();
    requests.insert(WAITING / 2, open_request("poison", BOOKING));
    fixture.bus.open_requests(&requests).await;
    requests.retain(|request| request["id"] != "poison");

    fixture.workers = NAMES.map(|name| start(&fixture.setup, name)).into();
    let (started, mut deaths, mut last) = (Instant::now(), 0, Instant::now());
    while fixture.bus.waiting("postern.dead-letters").await == Some(0) {
        assert!(started.elapsed() < LIMIT, "it is still about after {deaths} deaths");
        deaths += restart_killed_workers(&mut fixture);
        if last.elapsed() >= EVERY {
            last = Instant::now();
            requests.push(open_request(&format!("later-{}", requests.len()), BOOKING));
            fixture.bus.open_request(requests.last().expect("the one just made")).await;
        }
        sleep(Duration::from_millis(20)).await;
    }

    // The broker may notice the last kill before this process does.
    while deaths < DELIVERIES {
        assert!(started.elapsed() < LIMIT, "it is a dead letter after {deaths} deaths");
        deaths += restart_killed_workers(&mut fixture);
        sleep(Duration::from_millis(20)).await;
    }
    for worker in &fixture.workers {
        worker.ready(SOON).await;
    }

    let output = fixture.setup.postern(&["dlq", "list", "--output", "json"]).await;
    let list = String::from_utf8(output.stdout).expect("JSON is text");
    let letters: Vec<Value> =
        list.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect();
    let count: Vec<_> = letters.iter().map(|it| (&it["event_id"], &it["reason"])).collect();
    assert_eq!(count, [(&"poison".into(), &"delivery_limit".into())]);

    fixture.outbound.ended(requests.len(), SOON * 2).await;
    assert_eq!(fixture.open("afterwards", BOOKING).await.kind, "lock.opened.v1");
    for worker in &fixture.workers {
        worker.idle(SOON).await;
        assert!(worker.is_running(), "it lives on");
    }
    fixture.outbound.catch_up().await;
    for request in &requests {
        let id = request["id"].as_str().expect("an id is text");
        assert_eq!(fixture.outbound.only_terminal(id).kind, "lock.opened.v1", "{id}");
    }
    assert_eq!(fixture.outbound.answers("poison"), []);
}

#[tokio::test]
async fn a_count_of_deliveries_from_a_publisher_makes_no_suspect() {
    let setup = Setup::new().await;
    let worker = setup.worker("one").env("POSTERN_LOG", "consumer=debug").start().await;
    let fixture = Fixture::of(setup, vec![worker]).await;
    let mut headers = FieldTable::default();
    for name in ["postern-deliveries", "postern-replays", "x-delivery-count"] {
        headers.insert(name.into(), AMQPValue::LongLongInt(5));
    }
    let properties = BasicProperties::default().with_headers(headers);
    let body = serde_json::to_vec(&open_request("R-1", BOOKING)).expect("JSON can be written");
    fixture.bus.publish_raw("postern.inbound", "lock.open-request", &body, properties).await;
    assert_eq!(fixture.outbound.terminal("R-1", SOON).await.kind, "lock.opened.v1");
    let log = fixture.workers[0].log();
    assert!(log.contains("sending"), "the log has debug messages: {log}");
    assert!(!log.contains("poison suspect"), "{log}");
}
