//! A message that kills every worker that takes it becomes a dead letter; messages that were taken with it do not.

use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use end_to_end::worker::Worker;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Published before any worker runs, so that they are delivered together with the poison message.
const WAITING: usize = 40;
/// Published later, one at a time.
const EVERY: Duration = Duration::from_millis(300);
/// The broker delivers a message again a hundred times.
const DELIVERIES: usize = 101;
/// A message with this many deliveries is a suspect.
const SUSPECT: usize = 5;
/// More than a worker takes at a time.
const SUSPECTS: usize = 150;
/// Statuses are stored one at a time, too.
const SUSPECT_STATUSES: usize = 40;
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

/// A fixture without a worker, in whose queue these messages wait that were delivered often.
async fn with_suspects(queue: &str, key: &str, suspects: &[Value]) -> Fixture {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.request_ttl", "10m");
    setup.settings.set("opening.command_timeout", "30s");
    let mut fixture = Fixture::new(setup, 1).await;
    fixture.store_booking("room-13").await;
    assert!(fixture.workers.remove(0).stop(SOON).await.success());
    for suspect in suspects {
        fixture.bus.publish("postern.inbound", key, suspect).await;
    }
    fixture.bus.return_unsettled(queue, suspects.len(), SUSPECT).await;
    fixture
}

#[tokio::test]
async fn many_suspects_do_not_delay_a_request_that_is_none() {
    let suspects: Vec<Value> =
        (0..SUSPECTS).map(|number| open_request(&format!("suspect-{number}"), BOOKING)).collect();
    let mut fixture = with_suspects("postern.open-requests", "lock.open-request", &suspects).await;
    // The first suspect waits for Salto, and the others for their turn.
    let hang = json!({"kind": "no_answer", "call": "open", "iq": IQ_GROUND_FLOOR});
    fixture.setup.simulator.add_fault(hang).await;
    fixture.workers.push(fixture.setup.worker("later").start().await);
    fixture.setup.simulator.wait_for_commands(1, SOON).await;
    assert_eq!(fixture.open("healthy", "room-13").await.kind, "lock.opened.v1");
    assert_eq!(fixture.outbound.ended_so_far(), 1, "the suspects still wait");
    let commands = fixture.setup.simulator.commands().await.len();
    assert_eq!(commands, 2, "of the healthy request, and of one suspect");

    fixture.setup.simulator.clear_faults().await;
    fixture.outbound.ended(1 + SUSPECTS, SOON * 9).await;
    for suspect in &suspects {
        let id = suspect["id"].as_str().expect("an id is text");
        let terminal = fixture.outbound.only_terminal(id);
        let unknown =
            terminal.kind == "lock.open-failed.v1" && terminal.text("reason") == "outcome_unknown";
        assert!(terminal.kind == "lock.opened.v1" || unknown, "{id}: {terminal:?}");
    }
    let letters = fixture.bus.dead_letters().await;
    let limit = letters.iter().filter(|it| it.header("postern-reason") == "delivery_limit");
    assert_eq!(limit.count(), 0, "parking counts no deliveries");
}

#[tokio::test]
async fn suspects_among_booking_statuses_are_parked_and_stored() {
    let statuses: Vec<Value> = (0..SUSPECT_STATUSES)
        .map(|number| booking_status(&format!("S-{number}"), "paid"))
        .collect();
    let mut fixture = with_suspects("postern.booking-status", "booking.status", &statuses).await;
    fixture.workers.push(fixture.setup.worker("later").start().await);
    let count = u64::try_from(SUSPECT_STATUSES).expect("it is small");
    fixture.wait_until_settled("booking-status", count).await;
    let parked = r#"postern_requests_parked_total{reason="poison_guard"}"#;
    assert!(fixture.workers[0].metric(parked).await > Some(0.0));
    assert_eq!(fixture.bus.dead_letters().await, []);
    assert_eq!(fixture.open("R-1", "S-7").await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_count_of_deliveries_from_a_publisher_makes_no_suspect() {
    let setup = Setup::new().await;
    let worker = setup.worker("one").env("POSTERN_LOG", "consumer=debug").start().await;
    let fixture = Fixture::of(setup, vec![worker]).await;
    let mut headers = FieldTable::default();
    for name in
        ["postern-deliveries", "postern-record-failures", "postern-replays", "x-delivery-count"]
    {
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
