//! Openings are confirmed by Salto's own record: once each, whatever fails.

use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::broker::{Event, PrivateBroker};
use end_to_end::deadline::{SOON, until, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const CONFIRMED: &str = "lock.open-confirmed.v1";

/// How often the worker that listens is killed.
const KILLS: usize = 4;

async fn confirming(mut setup: Setup, source: &str) -> Setup {
    let url = setup.simulator.url().to_owned();
    let environment = setup.settings.environments()["simulator"].as_table_mut();
    environment.expect("an environment is a table").insert("events_url".into(), url.into());
    setup.settings.set_integration("confirm_openings", source);
    setup
}

async fn fixture(source: &str, workers: usize) -> Fixture {
    let fixture = Fixture::new(confirming(Setup::new().await, source).await, workers).await;
    if source == "stream" {
        streaming_worker(&fixture).await;
    }
    fixture
}

fn streams(metrics: &str) -> bool {
    metrics.lines().any(|line| line == "postern_event_streams 1")
}

/// The position of the worker that listens to the stream.
async fn streaming_worker(fixture: &Fixture) -> usize {
    let found = std::sync::Mutex::new(0);
    until_true("a worker to listen to the stream", SOON, || async {
        for (position, worker) in fixture.workers.iter().enumerate() {
            if worker.is_running() && streams(&worker.metrics().await) {
                *found.lock().expect("no holder panics") = position;
                return true;
            }
        }
        false
    })
    .await;
    let found = found.lock().expect("no holder panics");
    *found
}

/// The confirmations of a request, with their repetitions.
fn confirmations(fixture: &Fixture, request: &str) -> Vec<Event> {
    let answers = fixture.outbound.answers(request).into_iter();
    answers.filter(|event| event.kind == CONFIRMED).collect()
}

/// Whether Salto did not answer the command of the request, but a row of the same door, later: the worker that had
/// reserved the command was killed. It may be the row of another request. One row confirms one opening, so that one
/// of the two stays without a confirmation.
fn is_settled_by_a_row(answers: &[Event]) -> bool {
    answers.iter().filter(|event| event.kind == "lock.opened.v1").any(|event| {
        let told = event.body["time"].as_str().expect("a text").parse::<DateTime<Utc>>();
        let opened_at = event.text("opened_at").parse::<DateTime<Utc>>();
        told.expect("a time") - opened_at.expect("a time") > TimeDelta::seconds(1)
    })
}

/// Whether the request ended without its outcome being known: its worker was killed while the command was in flight,
/// and others waited for the same door until it was too late to repeat it.
fn is_unknown(event: &Event) -> bool {
    event.kind == "lock.open-failed.v1" && event.text("reason") == "outcome_unknown"
}

/// Waits until each of the requests is confirmed, and checks that each is once, after its answer.
async fn all_confirmed_once(fixture: &Fixture, requests: &[Value], limit: Duration) {
    let ids: Vec<&str> = requests.iter().map(|it| it["id"].as_str().expect("text")).collect();
    until_true("every opening to be confirmed", limit, || async {
        let answers = fixture.outbound.all_answers();
        let is_done = |answers: &Vec<Event>| {
            answers.iter().any(|event| event.kind == CONFIRMED || is_unknown(event))
                || is_settled_by_a_row(answers)
        };
        ids.iter().all(|id| answers.get(*id).is_some_and(is_done))
    })
    .await;
    fixture.outbound.catch_up().await;
    let mut unknown = 0;
    for id in ids {
        let opened = fixture.outbound.only_terminal(id);
        if is_unknown(&opened) {
            unknown += 1;
            continue;
        }
        assert_eq!(opened.kind, "lock.opened.v1", "{id}");
        let confirmed = confirmations(fixture, id);
        if confirmed.is_empty() {
            continue;
        }
        assert!(confirmed.iter().all(|it| it == &confirmed[0]), "{id}: {confirmed:?}");
        let kinds: Vec<_> = fixture.outbound.answers(id).into_iter().map(|it| it.kind).collect();
        let first = kinds.iter().position(|kind| kind == CONFIRMED);
        assert!(kinds.iter().position(|kind| kind == "lock.opened.v1") < first, "{id}: {kinds:?}");
    }
    // One command at a time is in flight to the door.
    assert!(unknown <= KILLS, "{unknown} outcomes are unknown");
}

#[tokio::test]
async fn each_source_confirms_an_opening_once_and_explain_shows_it() {
    for source in ["stream", "entries"] {
        let fixture = fixture(source, 1).await;
        let opened = fixture.open("R-1", BOOKING).await;
        let confirmed = fixture.outbound.answer("R-1", CONFIRMED, SOON).await;
        for member in ["object_id", "lock_id", "iq_id", "request_source", "booking_id"] {
            assert_eq!(confirmed.text(member), opened.text(member), "{member}");
        }
        assert_eq!(confirmed.text("seen_in"), source);
        assert_eq!(confirmed.routing_key, "lock.open-confirmed.acme-utrecht");
        assert_ne!(confirmed.id, opened.id);
        assert_eq!(confirmed.text("opened_at").len(), "2026-01-15T14:01:00Z".len());
        all_confirmed_once(&fixture, &[open_request("R-1", BOOKING)], SOON).await;
        let explain = ["explain", "R-1", "--output", "json"];
        let explained = fixture.setup.postern(&explain).await;
        let explained: Value = serde_json::from_slice(&explained.stdout).expect("JSON");
        assert_eq!(explained["request"]["confirmation"], "confirmed", "{explained}");
        assert_eq!(explained["request"]["confirmed"], confirmed.body);
        audit_shows(&fixture, &confirmed).await;
        let metrics = fixture.workers[0].metrics().await;
        let counted =
            format!("postern_confirmations_total{{result=\"confirmed\",seen_in=\"{source}\"}} 1");
        assert!(metrics.contains(&counted), "{metrics}");
    }
}

/// The decision has one line, and the confirmation another.
async fn audit_shows(fixture: &Fixture, confirmed: &Event) {
    let audit = ["audit", "--request", confirmed.request_id(), "--output", "json"];
    let lines = until("the audit line of the confirmation", SOON, || async {
        let shown = fixture.setup.postern(&audit).await;
        let lines = shown.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines: Vec<Value> =
            lines.map(|line| serde_json::from_slice(line).expect("JSON")).collect();
        (lines.len() == 2).then_some(lines)
    })
    .await;
    let line = lines.iter().find(|line| line["outcome"] == "confirmed").expect("one of both");
    assert_eq!(line["id"], confirmed.id);
    for member in ["seen_in", "opened_at", "object_id", "lock_id", "iq_id", "request_id"] {
        assert_eq!(line[member], confirmed.data[member], "{member}");
    }
    assert!(lines.iter().any(|line| line["outcome"] == "opened"), "{lines:?}");
}

#[tokio::test]
async fn without_the_setting_nothing_is_confirmed_and_salto_is_not_asked() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    fixture.open("R-1", BOOKING).await;
    let calls = fixture.setup.simulator.counters().await["calls"].clone();
    assert_eq!((&calls["entries"], &calls["hub"]), (&Value::Null, &Value::Null));
    assert!(fixture.setup.stored().await.iter().all(|(key, _)| !key.contains("confirm")));
}

#[tokio::test]
async fn rows_that_come_late_and_twice_confirm_each_opening_once() {
    let fixture = fixture("stream", 1).await;
    fixture.setup.simulator.change_settings(json!({"stream_delay_ms": 2000})).await;
    let requests: Vec<_> =
        (0..6).map(|number| open_request(&format!("r-{number}"), BOOKING)).collect();
    fixture.bus.open_requests(&requests).await;
    fixture.outbound.ended(requests.len(), SOON).await;
    // The connection ends, and the next one begins with the log, which has all rows already.
    fixture.setup.simulator.revoke_tokens().await;
    all_confirmed_once(&fixture, &requests, SOON).await;
}

#[tokio::test]
async fn a_row_in_the_stream_settles_a_command_without_an_answer() {
    let mut setup = confirming(Setup::new().await, "stream").await;
    setup.settings.set("opening.resend_window", "0s");
    let fixture = Fixture::new(setup, 1).await;
    streaming_worker(&fixture).await;
    let dropped = json!({"kind": "opened_then_dropped", "call": "open", "times": 1});
    fixture.setup.simulator.add_fault(dropped).await;
    let opened = fixture.open("R-1", BOOKING).await;
    assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &json!(1)));
    assert_eq!(fixture.setup.simulator.counters().await["calls"]["entries"], Value::Null);
    all_confirmed_once(&fixture, &[open_request("R-1", BOOKING)], SOON).await;
}

#[tokio::test]
async fn a_confirmation_waits_for_the_broker() {
    let mut broker = PrivateBroker::start().await;
    let setup = confirming(Setup::on_broker(&broker).await, "entries").await;
    let fixture = Fixture::new(setup, 1).await;
    fixture.open("R-1", BOOKING).await;
    // The log is asked 2 s after the command.
    broker.stop().await;
    let confirmed = r#"postern_confirmations_total{result="confirmed",seen_in="entries"}"#;
    fixture.workers[0].wait_for_metric(confirmed, 1.0, SOON).await;
    broker.restart().await;
    all_confirmed_once(&fixture, &[open_request("R-1", BOOKING)], SOON * 2).await;
}

/// Two replicas; the one that listens is killed again and again. `CONFIRMATIONS` requests (40).
#[tokio::test]
async fn every_opening_is_confirmed_once_while_the_worker_that_listens_is_killed() {
    let count = std::env::var("CONFIRMATIONS").ok().and_then(|text| text.parse().ok());
    let count: usize = count.unwrap_or(40);
    for source in ["stream", "entries"] {
        let mut fixture = fixture(source, 2).await;
        let requests: Vec<_> =
            (0..count).map(|number| open_request(&format!("r-{number}"), BOOKING)).collect();
        for (part, requests) in requests.chunks(count.div_ceil(KILLS)).enumerate() {
            fixture.bus.open_requests(requests).await;
            let done = part * count.div_ceil(KILLS) + requests.len() / 2;
            fixture.outbound.ended(done, SOON * 3).await;
            let victim =
                if source == "stream" { streaming_worker(&fixture).await } else { part % 2 };
            fixture.workers[victim].kill().await;
            let killed_at = Instant::now();
            let next: Worker = fixture.setup.worker(&format!("next-{part}")).start().await;
            fixture.workers[victim] = next;
            if source == "stream" {
                streaming_worker(&fixture).await;
                eprintln!("taken over after {:?}", killed_at.elapsed());
            }
        }
        all_confirmed_once(&fixture, &requests, Duration::from_secs(120)).await;
        report(&fixture, source, count);
    }
}

/// Prints how long confirmations took.
fn report(fixture: &Fixture, source: &str, count: usize) {
    let time = |event: &Event, member: &str| {
        DateTime::parse_from_rfc3339(event.text(member)).expect("a time")
    };
    let mut delays: Vec<i64> = (0..count)
        .filter_map(|number| {
            let id = format!("r-{number}");
            let opened = fixture.outbound.only_terminal(&id);
            let confirmed = confirmations(fixture, &id).into_iter().next()?;
            Some((time(&confirmed, "seen_at") - time(&opened, "opened_at")).num_milliseconds())
        })
        .collect();
    delays.sort_unstable();
    let at = |percent: usize| delays[(delays.len() * percent / 100).min(delays.len() - 1)];
    eprintln!(
        "{source}: {} of {count} confirmed, p50 {} ms, p99 {} ms",
        delays.len(),
        at(50),
        at(99)
    );
}
