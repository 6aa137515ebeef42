//! A worker is killed or frozen between a decision and its audit line.

use super::sink::{Sink, days, directory, text};
use super::{assert_agrees, json};
use end_to_end::deadline::{SOON, until};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{SOURCE, open_request};
use end_to_end::worker::Worker;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::os::unix::process::ExitStatusExt;

/// A worker is killed at this point of the request `R-1`, and another one takes over; the audit lines.
async fn killed(to: Sink, point: &str) -> Vec<Value> {
    let fixture = Fixture::new(to.setup().await, 1).await;
    fixture.workers[0].kill_at(point);
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    assert_eq!(fixture.workers[0].ended(SOON).await.signal(), Some(9), "{to:?}, at {point}");
    let second = fixture.setup.worker("second").start().await;
    second.wait_until_settled("open-requests", 1, SOON).await;
    assert!(second.stop(SOON).await.success());
    fixture.outbound.catch_up().await;
    let output = format!("{}{}", fixture.workers[0].log(), second.log());
    let lines = to.written(&fixture.setup, &output).await;
    for line in &lines {
        assert_agrees(line, &fixture.outbound.only_terminal("R-1"));
    }
    if to != Sink::Stdout {
        assert_eq!(json(&fixture.setup, &[]).await.len(), 1, "{to:?}, killed at {point}");
    }
    let kept = fixture.setup.stored().await.into_iter().filter(|(key, _)| key.contains("request:"));
    for (key, record) in kept {
        assert!(!text(&record).contains(r#""saw""#), "{key} still keeps a line");
    }
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_in_redis_is_written_once_wherever_its_worker_is_killed() {
    let points = ["after-claim", "after-command", "after-conclude", "after-report", "before-ack"];
    join_all(points.map(async |point| {
        assert_eq!(killed(Sink::Redis, point).await.len(), 1, "killed at {point}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_elsewhere_is_never_lost_and_repeated_only_if_its_writing_was_not_recorded() {
    let points = [
        ("after-command", 1..=1),
        ("after-conclude", 1..=1),
        ("after-audit", 2..=2),
        // The answer does not wait for its line, so that the recording may come later.
        ("after-report", 1..=2),
        ("before-ack", 1..=1),
    ];
    for to in [Sink::File, Sink::Stdout] {
        join_all(points.clone().map(async |(point, lines)| {
            let written = killed(to, point).await.len();
            assert!(lines.contains(&written), "{to:?}, killed at {point}: {written}");
        }))
        .await;
    }
}

#[tokio::test]
async fn a_second_copy_waits_for_the_worker_that_writes_the_line() {
    let fixture = Fixture::new(Sink::File.setup().await, 2).await;
    let [first, second] = &fixture.workers[..] else { panic!("two workers") };
    // The worker is frozen before it has written the line, for less time than its claim lasts.
    first.freeze_at("after-conclude");
    second.freeze_at("after-conclude");
    let request = open_request("R-1", BOOKING);
    fixture.bus.open_request(&request).await;
    let (frozen, other) = until("a worker to freeze", SOON, async || {
        let stopped = |worker: &Worker| worker.log().contains("failpoint reached");
        if stopped(first) {
            return Some((first, second));
        }
        stopped(second).then_some((second, first))
    })
    .await;
    frozen.frozen(SOON).await;
    // One copy for each worker.
    fixture.bus.open_requests(&[request.clone(), request]).await;
    let parked = r#"postern_requests_parked_total{reason="other_worker"}"#;
    other.wait_for_metric(parked, 1.0, SOON).await;
    frozen.resume();
    fixture.wait_until_settled("open-requests", 3).await;
    let lines = Sink::File.written(&fixture.setup, "").await;
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[tokio::test]
async fn a_line_kept_by_a_worker_with_other_settings_is_written_to_the_current_sink() {
    let setup = Sink::Redis.setup().await;
    let elsewhere = directory(&setup);
    let first = setup.worker("first").env("POSTERN__AUDIT__TO", "file");
    let first = first.env("POSTERN__AUDIT__DIRECTORY", elsewhere.to_str().expect("a path is text"));
    let first = first.start().await;
    let fixture = Fixture::of(setup, vec![first]).await;
    fixture.workers[0].kill_at("after-conclude");
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    assert_eq!(fixture.workers[0].ended(SOON).await.signal(), Some(9));
    let second = fixture.setup.worker("second").start().await;
    second.wait_until_settled("open-requests", 1, SOON).await;
    let lines = json(&fixture.setup, &["--request", "R-1"]).await;
    assert_eq!((lines.len(), &lines[0]["request_source"]), (1, &json!(SOURCE)));
    assert_eq!(days(&elsewhere), "");
}
