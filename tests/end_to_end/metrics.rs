//! The metrics of a real worker: they are those of the runbook, each answer counts once, and what comes from outside adds no
//! series.

use std::collections::{BTreeMap, BTreeSet};

use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status, open_request};
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

const OPENED: &str = r#"postern_answers_total{integration="acme-utrecht",decision="opened",reason="",rehearsal="no"}"#;
const UNKNOWN: &str = r#"postern_answers_total{integration="(unknown)",decision="rejected",reason="integration_unknown",rehearsal="no"}"#;
const REPEATED: &str = r#"postern_answers_repeated_total{integration="acme-utrecht"}"#;

/// Metrics of what does not happen in the test.
const WITHOUT_VALUES: [&str; 3] =
    ["postern_bookings_at_risk", "postern_confirmation_seconds", "postern_event_streams"];

/// A worker that looks at queues and IQs often.
async fn fixture(setup: Setup) -> Fixture {
    let command = setup.worker("worker");
    let command = command.env("POSTERN_QUEUE_INTERVAL", "100");
    let worker = command.env("POSTERN_STATE_INTERVAL", "100").start().await;
    Fixture::of(setup, vec![worker]).await
}

/// The metrics by name, each with the names of its labels.
fn labels(metrics: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for line in metrics.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let series = line.rsplit_once(' ').expect("a series has a value").0;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let histogram = ["_bucket", "_count", "_sum"].iter().find_map(|it| name.strip_suffix(it));
        let name = histogram.filter(|it| it.ends_with("_seconds")).unwrap_or(name);
        let labels = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0));
        let labels = labels.filter(|label| *label != "le").map(str::to_owned);
        found.entry(name.to_owned()).or_insert_with(BTreeSet::new).extend(labels);
    }
    found
}

/// The same of the runbook's table.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let runbook = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/runbook.md");
    let runbook = std::fs::read_to_string(runbook).expect("the runbook can be read");
    let (_, table) = runbook.split_once("\n| metric | value |\n").expect("the table of metrics");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    let spans = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned));
    let metrics = spans.map(|span| {
        let (name, labels) = span.split_once('{').unwrap_or((&span, ""));
        let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
        (name.to_owned(), labels.map(str::to_owned).collect())
    });
    metrics.collect()
}

#[tokio::test]
async fn the_metrics_are_those_of_the_runbook() {
    let fixture = fixture(Setup::new().await).await;
    fixture.open("R-1", BOOKING).await;
    let worker = &fixture.workers[0];
    until_true("all kinds of metrics", SOON, async || {
        let shown = labels(&worker.metrics().await);
        ["postern_iqs", "postern_queue_messages", "postern_salto_clock_offset_seconds"]
            .iter()
            .all(|name| shown.contains_key(*name))
    })
    .await;
    let (shown, mut documented) = (labels(&worker.metrics().await), documented());
    documented.retain(|name, _| !WITHOUT_VALUES.contains(&name.as_str()));
    assert_eq!(shown, documented, "shown; in the table of docs/runbook.md");
    let version = concat!("postern_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
    assert_eq!(worker.metric(version).await, Some(1.0));
    assert!(worker.metric("process_resident_memory_bytes").await > Some(1e6));
}

#[tokio::test]
async fn an_answer_counts_once_and_its_repetitions_apart() {
    let fixture = fixture(Setup::new().await).await;
    let worker = &fixture.workers[0];
    assert_eq!(worker.metric(OPENED).await, Some(0.0), "it is shown from the start");
    for _ in 0..3 {
        fixture.open("R-1", BOOKING).await;
    }
    fixture.wait_until_settled("open-requests", 3).await;
    assert_eq!(worker.metric(OPENED).await, Some(1.0));
    assert_eq!(worker.metric(REPEATED).await, Some(2.0));
    assert_eq!(worker.metric("postern_answer_seconds_count").await, Some(1.0));

    // The time counts from the event's own.
    let mut request = open_request("R-2", BOOKING);
    request["time"] = end_to_end::inbound::time(-20).into();
    fixture.answer_to(&request).await;
    fixture.wait_until_settled("open-requests", 4).await;
    assert_eq!(worker.metric("postern_answer_seconds_count").await, Some(2.0));
    let sum = worker.metric("postern_answer_seconds_sum").await.expect("it is there");
    assert!((20.0..30.0).contains(&sum), "{sum}");
}

/// All series, without their values.
async fn series(worker: &Worker) -> BTreeSet<String> {
    let metrics = worker.metrics().await;
    let lines = metrics.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned())).collect()
}

#[tokio::test]
async fn a_flood_of_unknown_integrations_and_ids_adds_no_series() {
    let fixture = fixture(Setup::new().await).await;
    let worker = &fixture.workers[0];
    fixture.open("R-0", BOOKING).await;
    let unknown = |mut event: Value, number: usize| {
        event["data"]["integration_id"] = format!("flood-{number}").into();
        event["source"] = format!("/flood/{number}").into();
        event
    };
    let requests = |first: usize, count: usize| {
        let of = |number| unknown(open_request(&format!("F-{number}"), BOOKING), number);
        (first..first + count).map(of).collect::<Vec<_>>()
    };
    // The first one of each kind may add its series.
    fixture.bus.open_requests(&requests(0, 1)).await;
    fixture.bus.publish("postern.inbound", "lock.open-request.x0", &json!({"not": "valid"})).await;
    fixture.wait_until_settled("open-requests", 3).await;
    worker.wait_for_metric(r#"postern_queue_messages{queue="dead-letters"}"#, 1.0, SOON).await;
    worker
        .wait_for_metric(r#"postern_iqs{integration="acme-utrecht",state="activated"}"#, 1.0, SOON)
        .await;
    let before = series(worker).await;

    fixture.bus.open_requests(&requests(1, 200)).await;
    for number in 0..50 {
        let status = unknown(booking_status(&format!("B-{number}"), "paid"), number);
        fixture.bus.booking(&status).await;
        let key = format!("lock.open-request.x{number}");
        fixture.bus.publish("postern.inbound", &key, &json!({"type": key})).await;
    }
    fixture.wait_until_settled("open-requests", 253).await;
    fixture.wait_until_settled("booking-status", 51).await;
    assert_eq!(worker.metric(UNKNOWN).await, Some(201.0));
    let added: Vec<_> = series(worker).await.difference(&before).cloned().collect();
    assert!(added.is_empty(), "{added:#?}");
}

#[tokio::test]
async fn waiting_messages_a_pause_and_a_blocked_iq_are_shown() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 1);
    setup.settings.set("opening.booking_wait", "20s");
    let fixture = fixture(setup).await;
    let (worker, simulator) = (&fixture.workers[0], &fixture.setup.simulator);
    let iqs =
        |state: &str| format!(r#"postern_iqs{{integration="{INTEGRATION}",state="{state}"}}"#);
    worker.wait_for_metric(&iqs("activated"), 2.0, SOON).await;
    // Without the booking, the request waits in a retry queue.
    fixture.bus.open_request(&open_request("R-waits", "B-later")).await;
    worker.wait_for_metric(r#"postern_messages_parked{reason="booking"}"#, 1.0, SOON).await;

    simulator.add_fault(json!({"kind": "no_answer", "call": "open"})).await;
    let requests: Vec<_> = (0..4).map(|id| open_request(&format!("R-{id}"), BOOKING)).collect();
    fixture.bus.open_requests(&requests).await;
    worker.wait_for_metric(r#"postern_queue_messages{queue="open-requests"}"#, 3.0, SOON).await;
    simulator.clear_faults().await;
    fixture.outbound.ended(4, SOON * 2).await;

    let blocked = json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "open", "times": 1});
    simulator.add_fault(blocked).await;
    assert_eq!(fixture.open("R-blocked", BOOKING).await.text("reason"), "otp_blocked");
    worker.wait_for_metric(&iqs("blocked"), 1.0, SOON).await;
    assert_eq!(worker.metric(&iqs("activated")).await, Some(1.0), "a blocked one is nothing else");

    let pause = format!(r#"postern_pause_seconds{{integration="{INTEGRATION}"}}"#);
    assert_eq!(worker.metric(&pause).await, Some(0.0));
    let limit = json!({"kind": "rate_limit", "retry_after": 600, "call": "open", "times": 1});
    simulator.add_fault(limit).await;
    fixture.store_booking("room-13").await;
    fixture.bus.open_request(&open_request("R-paused", "room-13")).await;
    worker.wait_for_metric(&pause, 500.0, SOON).await;

    // An integration that is gone has no pause and no IQs; a queue without a session has no known length.
    let mut settings = fixture.setup.settings.clone();
    settings.set_integration("id", "another");
    let file = fixture.setup.directory().join("worker.toml");
    std::fs::write(file, settings.to_toml()).expect("the settings are written");
    worker.signal(Signal::SIGHUP);
    until_true("the removed integration to be empty", SOON, async || {
        worker.metric(&pause).await == Some(0.0)
            && worker.metric(&iqs("blocked")).await == Some(0.0)
    })
    .await;
}
