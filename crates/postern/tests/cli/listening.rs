//! `tail` and `listen`: the events that postern publishes, on a real broker.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use end_to_end::{
    broker::PrivateBroker,
    deadline::{SOON, until_true},
    processes::Process,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    broker::on,
    running::{Postern, vhost_with_topology, with_topology},
};

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

/// Starts a command and waits until it has subscribed.
fn subscribed(mut command: Command) -> Child {
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
async fn tail_prints_the_selected_events_and_ends_after_the_count() {
    let vhost = vhost_with_topology().await;
    let arguments = "tail --count 2 --integration acme --type lock.opened.v1 --output json";
    let postern = on(&vhost);
    let mut child = subscribed(postern.command(&arguments.split(' ').collect::<Vec<_>>()));

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
async fn tail_prints_events_as_text_until_ctrl_c() {
    let vhost = vhost_with_topology().await;
    let postern = on(&vhost);
    let mut child = subscribed(postern.command(&["tail"]));
    let bus = vhost.bus().await;
    bus.publish("postern.outbound", "lock.opened.x", &opened("acme", 2)).await;

    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(
        line.starts_with("2026-08-25 07:25:00Z  acme  b-1  opened room-12 (lock a5091d73-"),
        "{line}"
    );

    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let name = format!("postern tail ({}, pid {})", host.trim(), child.id());
    until_true("its connection in the broker's list", SOON, || async {
        vhost.connection_names().await.contains(&name)
    })
    .await;

    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
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

#[tokio::test(flavor = "multi_thread")]
async fn listen_shows_the_events_of_one_integration_with_all_their_members() {
    let vhost = vhost_with_topology().await;
    // A reader who is limited to the routing keys of one integration.
    let rights = json!({
        "configure": "^acme\\.", "write": "^acme\\.", "read": "^(acme\\.|postern\\.outbound$)",
    });
    let url = vhost.url_with_permissions(&rights).await;
    let topics = json!({"exchange": "postern.outbound", "write": "^$", "read": "\\.acme$"});
    vhost.set_topic_permission(&topics).await;
    let postern = Postern::new().variable("POSTERN__BROKER__URL", url);
    let arguments = "listen --integration acme --count 1 --queue-prefix acme.";
    let mut child = subscribed(postern.command(&arguments.split(' ').collect::<Vec<_>>()));

    let bus = vhost.bus().await;
    let mut elsewhere = subscribed(on(&vhost).command(&["tail"]));
    bus.publish("postern.outbound", "lock.opened.other", &opened("other", 1)).await;
    bus.publish("postern.outbound", "lock.opened.acme", &opened("acme", 2)).await;
    assert_eq!(child.wait().unwrap().code(), Some(0));
    elsewhere.kill().unwrap();
    elsewhere.wait().unwrap();
    let shown = rest(&mut child);
    let first = shown.lines().next().unwrap();
    assert!(first.starts_with("2026-08-25 07:25:00Z  acme  b-1  opened room-12"), "{shown}");
    for (member, value) in [
        ("id", "00000000-0000-0000-0000-000000000002"),
        ("type", "lock.opened.v1"),
        ("data.request_source", "/shop"),
        ("data.opened_at", "2026-08-25T07:25:00Z"),
        ("data.attempts", "1"),
    ] {
        let is_it = |line: &str| line.split_whitespace().eq([member, value]);
        assert!(shown.lines().any(is_it), "{member}: {shown}");
    }
}

#[test]
fn an_integration_that_is_not_configured_is_answered_with_the_known_ones() {
    for command in ["tail", "listen"] {
        // Where Redis is away, it may be one of those that are stored there.
        let redis = end_to_end::services::redis_url();
        let postern = Postern::new().variable("POSTERN__REDIS__URL", redis);
        let ended = postern.run(&[command, "--integration", "acmee"]);
        assert_eq!(ended.status, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("configured: acme"), "{}", ended.stderr);
    }
}

/// A post as the receiver got it.
#[derive(Debug, Clone, PartialEq)]
struct Post {
    content_type: String,
    event: Value,
}

/// A program of a developer: answers with these statuses, one after the other, then with 204.
#[derive(Clone)]
struct Program {
    statuses: Arc<Mutex<Vec<u16>>>,
    posts: Arc<Mutex<Vec<Post>>>,
}

impl Program {
    async fn start(statuses: &[u16]) -> (Self, String) {
        let statuses = Arc::new(Mutex::new(statuses.iter().rev().copied().collect()));
        let program = Self { statuses, posts: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events?token=h1dden", listener.local_addr().unwrap());
        let router = Router::new().route("/events", post(Self::take)).with_state(program.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (program, url)
    }

    async fn take(State(program): State<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let content_type = headers["content-type"].to_str().unwrap().to_owned();
        let event = serde_json::from_slice(&body).unwrap();
        program.posts.lock().unwrap().push(Post { content_type, event });
        StatusCode::from_u16(program.statuses.lock().unwrap().pop().unwrap_or(204)).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listen_posts_each_event_until_it_is_taken_or_given_up() {
    let vhost = vhost_with_topology().await;
    let bus = vhost.bus().await;
    let events = [opened("acme", 1), opened("acme", 2), opened("acme", 3)];
    // The first event needs three posts, the second one is never taken.
    let (program, url) = Program::start(&[500, 302, 200, 404, 503, 400]).await;
    let arguments = ["listen", "--integration", "acme", "--count", "3", "--output", "json"];
    let posting = ["--post-to", &url, "--post-tries", "3"];
    let mut child = subscribed(on(&vhost).command(&[&arguments[..], &posting].concat()));
    for event in &events {
        bus.publish("postern.outbound", "lock.opened.acme", event).await;
    }
    let (status, shown, notes) = tokio::task::spawn_blocking(move || {
        let shown = rest(&mut child);
        let mut notes = String::new();
        child.stderr.take().unwrap().read_to_string(&mut notes).unwrap();
        (child.wait().unwrap().code(), shown, notes)
    })
    .await
    .unwrap();
    let shown: Vec<Value> = shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(shown, events);
    let posts = program.posts.lock().unwrap().clone();
    let ids: Vec<&Value> = posts.iter().map(|it| &it.event["id"]).collect();
    let [first, second, third] = [&events[0]["id"], &events[1]["id"], &events[2]["id"]];
    assert_eq!(ids, [first, first, first, second, second, second, third]);
    assert!(posts.iter().all(|it| it.content_type == "application/cloudevents+json"), "{posts:?}");
    assert_eq!(posts[0].event, events[0]);
    assert!(notes.contains("not taken: the answer is 500; posting again in "), "{notes}");
    assert!(notes.contains("posted: 200, ") && notes.contains("posted: 204, "), "{notes}");
    let lost = format!(
        "lost for the receiver: lock.opened.v1 {}: the answer is 400",
        second.as_str().unwrap()
    );
    assert!(notes.contains(&lost), "{notes}");
    let last: Value = serde_json::from_str(notes.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"], "1 event was not taken by the receiver");
    assert_eq!(status, Some(1));
    assert!(!notes.contains("h1dden"), "{notes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn listen_names_the_events_that_an_unreachable_receiver_loses() {
    let vhost = vhost_with_topology().await;
    let arguments =
        "listen --integration acme --count 1 --post-to http://127.0.0.1:1/ --post-tries 2";
    let child = subscribed(on(&vhost).command(&arguments.split(' ').collect::<Vec<_>>()));
    let bus = vhost.bus().await;
    bus.publish("postern.outbound", "lock.opened.acme", &opened("acme", 1)).await;
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    let notes = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{notes}");
    assert!(notes.contains("not taken: no answer: "), "{notes}");
    assert!(notes.contains("lost for the receiver: lock.opened.v1 00000000-0000-"), "{notes}");
}

/// A command that listens, with its whole output as its log.
async fn listening(postern: &Postern, arguments: &str) -> Process {
    let mut command = postern.command(&arguments.split(' ').collect::<Vec<_>>());
    let name = arguments.split(' ').next().unwrap();
    let process = Process::start(name, postern.file().parent().unwrap(), &mut command);
    process.wait_for_log("listening…", SOON).await;
    process
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_and_listen_survive_a_restart_of_the_broker() {
    let mut broker = PrivateBroker::start().await;
    let vhost = broker.vhost().await;
    with_topology(&vhost).await;
    let postern = on(&vhost);
    let tail = listening(&postern, "tail").await;
    let listen = listening(&postern, "listen --integration acme").await;

    broker.kill().await;
    for process in [&tail, &listen] {
        process.wait_for_log("the connection to the broker was lost: ", SOON).await;
        process.wait_for_log("not connected yet: no connection to the broker", SOON).await;
    }
    broker.restart().await;
    for process in [&tail, &listen] {
        process.wait_for_log("connected again: events that were published between 20", SOON).await;
    }
    let bus = vhost.bus().await;
    bus.publish("postern.outbound", "lock.opened.acme", &opened("acme", 2)).await;
    for process in [&tail, &listen] {
        process.wait_for_log("opened room-12", SOON).await;
        let log = process.log();
        assert_eq!(log.matches("was lost").count(), 1, "{log}");
        assert_eq!(log.matches("connected again").count(), 1, "{log}");
    }
}
