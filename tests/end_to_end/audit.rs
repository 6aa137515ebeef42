//! The audit: one line per decision, to every kind of sink, and also if workers are killed.

mod crashes;
mod files;
mod sink;

use self::sink::{EVERYWHERE, Sink, text};
use end_to_end::broker::Event;
use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status, open_request};
use end_to_end::setup::Setup;
use end_to_end::simulator::ROOM_12;
use futures_util::future::join_all;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Output;

async fn audit(setup: &Setup, arguments: &[&str]) -> Output {
    setup.postern(&[&["audit"], arguments].concat()).await
}

/// The JSON output of the command.
async fn json(setup: &Setup, arguments: &[&str]) -> Vec<Value> {
    let output = audit(setup, &[arguments, &["--output", "json"]].concat()).await;
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    let lines = text(&output.stdout);
    lines.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}

fn by_request(lines: &[Value]) -> BTreeMap<&str, Vec<&Value>> {
    let mut found: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for line in lines {
        found.entry(line["request_id"].as_str().expect("an id is text")).or_default().push(line);
    }
    found
}

/// Asserts that a line has the content of the event.
fn assert_agrees(line: &Value, event: &Event) {
    let outcome = match event.kind.as_str() {
        "lock.opened.v1" => "opened",
        "lock.open-rejected.v1" => "rejected",
        "lock.open-failed.v1" => "failed",
        other => panic!("no terminal event: {other}"),
    };
    assert_eq!(line["outcome"], outcome);
    assert_eq!((&line["id"], &line["at"]), (&event.body["id"], &event.body["time"]));
    for member in ["integration_id", "booking_id", "requested_by", "request_id", "request_source"] {
        assert_eq!(line[member], event.data[member], "{member} of {line}");
    }
    for member in ["reason", "detail", "lock_id", "iq_id", "attempts", "opens_at"] {
        assert_eq!(line[member], event.data[member], "{member} of {line}");
    }
}

/// Requests that are opened, rejected and failed.
fn requests() -> Vec<Value> {
    let ask = |number: usize, booking: &str| {
        let mut request = open_request(&format!("r-{number}"), booking);
        request["data"]["requested_by"] = format!("guest-{}", number % 4).into();
        request
    };
    let mut requests: Vec<Value> = (0..20).map(|number| ask(number, BOOKING)).collect();
    requests.extend((20..26).map(|number| ask(number, "B-cancelled")));
    requests.extend((26..30).map(|number| ask(number, "room-nowhere")));
    requests[0]["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into();
    requests
}

async fn decisions_of_two_workers(to: Sink) {
    let fixture = Fixture::new(to.setup().await, 2).await;
    fixture.store_booking("room-nowhere").await;
    let mut cancelled = booking_status("B-cancelled", "cancelled");
    cancelled["data"]["revision"] = 7.into();
    fixture.store_status(&cancelled).await;
    let requests = requests();
    tokio::join!(fixture.bus.open_requests(&requests), fixture.bus.open_requests(&requests));
    fixture.wait_until_settled("open-requests", 2 * requests.len() as u64).await;
    // Failed requests are replayed, which is not a new decision.
    let replayed = fixture.setup.postern(&["dlq", "replay", "--all"]).await;
    assert!(replayed.status.success(), "{}", text(&replayed.stderr));
    fixture.wait_until_settled("open-requests", 2 * requests.len() as u64 + 4).await;
    fixture.outbound.catch_up().await;

    let output: String = fixture.workers.iter().map(end_to_end::worker::Worker::log).collect();
    let lines = to.written(&fixture.setup, &output).await;
    let found = by_request(&lines);
    if to == Sink::Off {
        assert!(found.is_empty(), "{found:?}");
        return;
    }
    assert_eq!(lines.len(), requests.len(), "{to:?}");
    for request in &requests {
        let id = request["id"].as_str().expect("an id is text");
        let [line] = found[id][..] else { panic!("{to:?}, {id}: {:?}", found[id]) };
        assert_agrees(line, &fixture.outbound.terminals()[id][0]);
        assert_eq!(line["requested_by"], request["data"]["requested_by"]);
        assert!(line["saw"]["taken_at"].is_string() && line["saw"]["expires_at"].is_string());
    }
    let (opened, rejected, failed) = (found["r-0"][0], found["r-20"][0], found["r-26"][0]);
    assert_eq!((&opened["object_id"], &opened["lock_id"]), (&"room-12".into(), &ROOM_12.into()));
    assert_eq!(opened["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(rejected["reason"], "status_not_allowed");
    assert_eq!(rejected["saw"]["booking_status"], "cancelled");
    assert_eq!(rejected["saw"]["booking_revision"], 7);
    assert_eq!(rejected["saw"]["ends_at"], cancelled["data"]["ends_at"]);
    let nowhere = (&failed["reason"], &failed["object_id"]);
    assert_eq!(nowhere, (&"lock_not_found".into(), &"room-nowhere".into()));

    if to == Sink::Stdout {
        let collected = fixture.setup.directory().join("collected");
        std::fs::write(&collected, output).expect("it is written");
        let file = ["--file", collected.to_str().expect("a path is text")];
        let read = json(&fixture.setup, &file).await;
        assert_eq!(read, lines, "as it is, without the log lines around it");
        let nothing = audit(&fixture.setup, &[]).await;
        assert_eq!(nothing.status.code(), Some(2));
        assert!(text(&nothing.stderr).contains("give --file"), "{}", text(&nothing.stderr));
    } else {
        filtered(&fixture.setup, &lines).await;
    }
}

/// Asserts that the command finds all lines.
async fn filtered(setup: &Setup, lines: &[Value]) {
    let all = json(setup, &[]).await;
    assert_eq!(all.len(), lines.len());
    assert_eq!(by_request(&all), by_request(lines), "as they are");
    for (arguments, count) in [
        (&["--outcome", "rejected"][..], 6),
        (&["--reason", "lock_not_found"], 4),
        (&["--booking", BOOKING], 20),
        (&["--object", "room-nowhere"], 4),
        (&["--lock", &ROOM_12.to_uppercase()], 20),
        (&["--requested-by", "guest-1"], 8),
        (&["--requested-by", "guest-1", "--outcome", "opened"], 5),
        (&["--request", "r-3"], 1),
        (&["--integration", INTEGRATION, "--since", "-1h"], 30),
        (&["--since", "+1m"], 0),
        (&["--until", "-1h"], 0),
        (&["--until", "now"], 30),
        (&["--limit", "7"], 7),
    ] {
        assert_eq!(json(setup, arguments).await.len(), count, "{arguments:?}");
    }
    // The newest lines, in ascending order.
    assert_eq!(json(setup, &["--limit", "7"]).await, all[all.len() - 7..]);
    let some = audit(setup, &["--limit", "7"]).await;
    assert!(text(&some.stderr).contains("the newest 7; there are more"));
    let table = text(&some.stdout);
    assert_eq!(table.lines().count(), 8, "{table}");
    assert!(table.starts_with("AT "), "{table}");
    let all = audit(setup, &["--limit", "30"]).await;
    assert_eq!((text(&all.stdout).lines().count(), text(&all.stderr)), (31, String::new()));
    let streamed = text(&audit(setup, &["--all", "--booking", "room-nowhere"]).await.stdout);
    assert_eq!(streamed.lines().count(), 4, "{streamed}");
    assert!(streamed.contains("failed  lock_not_found  "), "{streamed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_decision_has_one_line_with_two_workers_duplicates_and_replays() {
    join_all(EVERYWHERE.map(decisions_of_two_workers)).await;
}

async fn follow(to: Sink) {
    let fixture = Fixture::new(to.setup().await, 1).await;
    assert_eq!(fixture.open("before", BOOKING).await.kind, "lock.opened.v1");
    fixture.wait_until_settled("open-requests", 1).await;
    let arguments = ["audit", "--follow", "--outcome", "rejected"];
    let following = fixture.setup.postern_in_background("following", &arguments);
    following.wait_for_log("listening", SOON).await;
    assert_eq!(fixture.open("opened", BOOKING).await.kind, "lock.opened.v1");
    fixture.store_status(&booking_status("B-2", "cancelled")).await;
    fixture.open("rejected", "B-2").await;
    following.wait_for_log("B-2  room-12  -  rejected  status_not_allowed", SOON).await;
    following.signal(nix::sys::signal::Signal::SIGINT);
    assert_eq!(following.ended(SOON).await.code(), Some(130), "{}", following.log());
    assert_eq!(following.log().lines().count(), 2, "{}", following.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_can_be_followed() {
    join_all([Sink::Redis, Sink::File].map(follow)).await;
}
