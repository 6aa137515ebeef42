//! `publish` and `tail` on a real broker.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use chrono::{FixedOffset, SecondsFormat, SubsecRound, TimeDelta, Utc};
use end_to_end::broker::Vhost;
use serde_json::{Value, json};

use crate::running::{Postern, vhost_with_topology};

/// An event like a worker publishes it.
fn opened(integration: &str, id: u128) -> Value {
    json!({
        "specversion": "1.0",
        "id": uuid::Uuid::from_u128(id),
        "source": "/postern",
        "subject": "b-1",
        "time": "2026-08-25T07:25:00Z",
        "datacontenttype": "application/json",
        "type": "lock.opened.v1",
        "data": {
            "integration_id": integration,
            "booking_id": "b-1",
            "request_id": "r-1",
            "request_source": "/shop",
            "object_id": "room-12",
            "lock_id": "a5091d73-d7ea-4eb7-b883-0a4d241584ca",
            "iq_id": "q1",
            "opened_at": "2026-08-25T07:25:00Z",
            "attempts": 1,
        },
    })
}

fn on(vhost: &Vhost) -> Postern {
    Postern::new().variable("POSTERN__BROKER__URL", vhost.url())
}

/// Starts `tail` and waits until it has subscribed.
fn tail(mut command: Command) -> Child {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "listening…\n");
    child
}

fn rest(child: &mut Child) -> String {
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn published_events_are_in_the_queues_of_the_workers() {
    let vhost = vhost_with_topology().await;
    let postern = on(&vhost);
    let ends_at = (Utc::now() + TimeDelta::days(30)).trunc_subsecs(0);
    let written = ends_at.with_timezone(&FixedOffset::east_opt(3_600).unwrap()).to_rfc3339();
    let command = format!(
        "publish booking-status --integration acme --booking b-1 --status paid --object room-1 \
         --object room-2 --starts-at -10m --ends-at {written} --revision 3 --id e-1 --source /shop \
         --output json"
    );
    let ended = postern.run(&command.split_whitespace().collect::<Vec<_>>());
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let event: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&event["id"], &event["source"]), (&json!("e-1"), &json!("/shop")));
    let in_utc = ends_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    assert_eq!(event["data"]["ends_at"], in_utc);
    assert_eq!(event["data"]["object_ids"], json!(["room-1", "room-2"]));

    let command = "publish open-request --integration other --booking b-1 --requested-by app";
    let ended = postern.run(&command.split_whitespace().collect::<Vec<_>>());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("no integration \"other\""), "{}", ended.stderr);
    let id: uuid::Uuid = ended.stdout.trim().parse().unwrap();
    assert_eq!(id.get_version_num(), 4);

    let bus = vhost.bus().await;
    assert_eq!(bus.waiting("postern.booking-status").await, Some(1));
    assert_eq!(bus.waiting("postern.open-requests").await, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_prints_the_selected_events_and_ends_after_the_count() {
    let vhost = vhost_with_topology().await;
    let arguments = "tail --count 2 --integration acme --type lock.opened.v1 --output json";
    let postern = on(&vhost);
    let mut child = tail(postern.command(&arguments.split(' ').collect::<Vec<_>>()));

    let bus = vhost.bus().await;
    let events = [opened("other", 1), opened("acme", 2), opened("acme", 3)];
    bus.publish_raw("postern.outbound", "x", b"no event", Default::default()).await;
    for event in &events {
        bus.publish("postern.outbound", "lock.opened.x", event).await;
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let lines: Vec<Value> =
        rest(&mut child).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, events[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_prints_events_as_text_and_succeeds_on_ctrl_c() {
    let vhost = vhost_with_topology().await;
    let postern = on(&vhost);
    let mut child = tail(postern.command(&["tail"]));
    let bus = vhost.bus().await;
    bus.publish("postern.outbound", "lock.opened.x", &opened("acme", 2)).await;

    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(line.contains("  acme  b-1  opened room-12 (lock a5091d73-"), "{line}");

    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_fails_after_the_timeout_with_too_few_events() {
    let vhost = vhost_with_topology().await;
    let ended = on(&vhost).run(&["tail", "--count", "1", "--timeout", "300ms"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("error: fewer than 1 events in the time"), "{}", ended.stderr);
    let ended = on(&vhost).run(&["tail", "--timeout", "300ms"]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), "listening…\n"));
}

#[test]
fn an_unreachable_broker_is_an_error_of_one_line() {
    let command = ["publish", "open-request", "--integration", "acme", "--booking", "b"];
    let ended = Postern::new().run(&command);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    let [line] = ended.stderr.lines().collect::<Vec<_>>()[..] else { panic!("{}", ended.stderr) };
    assert!(line.starts_with("error: no connection to the broker at 127.0.0.1:1"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_level_lets_other_crates_log_more_than_warnings() {
    let vhost = vhost_with_topology().await;
    let command = "publish open-request --integration acme --booking b --log-level trace";
    let ended = on(&vhost).run(&command.split(' ').collect::<Vec<_>>());
    assert_eq!(ended.status, Some(0));
    let lines = ended.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let fine = lines.filter(|line| line["level"] != "WARN" && line["level"] != "ERROR");
    for line in fine {
        let target = line["target"].as_str().unwrap();
        assert!(["postern", "publisher"].contains(&target.split("::").next().unwrap()), "{line}");
    }
}
