//! `dlq replay` publishes letters to their queues, then removes them, also with interruptions.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use end_to_end::{
    deadline::{SOON, until_true},
    processes::Terminal,
};
use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
};
use serde_json::{Value, json};

use super::{
    fixture::{DlqFixture, objects},
    letters::{malformed, request, status},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_letter_goes_to_its_queue_and_the_count_grows_by_one() {
    let fixture = DlqFixture::new().await;
    request("r", "iq_offline").publish_to(&fixture.bus).await;
    let mut second = status(1);
    second.replays = 4;
    second.publish_to(&fixture.bus).await;
    malformed(b"\xff").publish_to(&fixture.bus).await;
    let before = fixture.letters().await;
    let ids = fixture.ids();

    let replayed = fixture.json("replay --reason retries_exhausted");
    assert_eq!(replayed, [json!({"id": ids[1], "result": "replayed"})]);
    assert_eq!(fixture.waiting("booking-status").await, 1);
    let message = fixture.bus.take("postern.booking-status").await;
    assert_eq!(message.body, before[1].body);
    let replays = ("postern-replays".into(), AMQPValue::LongLongInt(5));
    let mut wanted = before[1].headers.clone();
    wanted.extend([replays]);
    let headers = message.properties.headers().clone().unwrap();
    let headers: BTreeMap<_, _> = headers
        .inner()
        .iter()
        .filter(|(name, _)| name.as_str() != "x-delivery-count")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    assert_eq!(headers, wanted);
    assert_eq!(message.properties.delivery_mode(), &Some(2));

    assert_eq!(fixture.json("replay --all").len(), 2);
    assert_eq!(fixture.waiting("open-requests").await, 2);
    assert_eq!(fixture.ids(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_without_a_queue_stays_and_the_others_are_replayed() {
    let fixture = DlqFixture::new().await;
    fixture.bus.publish_raw("", "postern.dead-letters", b"?", BasicProperties::default()).await;
    request("r", "iq_offline").publish_to(&fixture.bus).await;
    let ended = fixture.dlq("replay --all --output json");
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("1 replayed, 1 failed"), "{}", ended.stderr);
    let lines = objects(&ended);
    assert_eq!((&lines[0]["result"], &lines[1]["result"]), (&json!("failed"), &json!("replayed")));
    assert!(lines[0]["detail"].is_string());
    assert_eq!(fixture.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_fails_again_meanwhile_is_replayed_once() {
    let fixture = DlqFixture::new().await;
    for number in 0..30 {
        request(&format!("r-{number}"), "iq_offline").publish_to(&fixture.bus).await;
    }
    // Like a worker on which each request fails at once.
    let done = AtomicBool::new(false);
    let fail = async {
        while !done.load(Ordering::Relaxed) {
            while fixture.waiting("open-requests").await > 0 {
                let message = fixture.bus.take("postern.open-requests").await;
                let key = "postern.open-requests.iq_offline";
                let (body, properties) = (&message.body, message.properties.clone());
                fixture.bus.publish_raw("postern.dead-letter", key, body, properties).await;
            }
            tokio::task::yield_now().await;
        }
    };
    let replay = async {
        let mut command = fixture.postern.command(&["dlq", "replay", "--all", "--output", "json"]);
        let ended = tokio::task::spawn_blocking(move || crate::running::end(&mut command));
        let ended = ended.await.unwrap();
        done.store(true, Ordering::Relaxed);
        ended
    };
    let (ended, ()) = tokio::join!(replay, fail);
    assert_eq!((ended.status, objects(&ended).len()), (Some(0), 30), "{}", ended.stderr);
    let letters = fixture.letters().await;
    let left = fixture.waiting("open-requests").await as usize;
    assert_eq!(letters.len() + left, 30);
    let one = AMQPValue::LongLongInt(1);
    assert!(letters.iter().all(|letter| letter.headers["postern-replays"] == one));
}

/// Starts a slow replay of all letters and waits until some are replayed.
async fn start_replay(fixture: &DlqFixture, rate: &str) -> Child {
    let arguments = ["dlq", "replay", "--all", "--rate", rate, "--output", "json"];
    let mut command = fixture.postern.command(&arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until_true("some letters to be replayed", SOON, || async {
        fixture.waiting("open-requests").await > 10
    })
    .await;
    child
}

async fn fixture_with_letters(count: usize) -> DlqFixture {
    let fixture = DlqFixture::new().await;
    for number in 0..count {
        request(&format!("r-{number}"), "iq_offline").publish_to(&fixture.bus).await;
    }
    fixture
}

async fn events(fixture: &DlqFixture) -> Vec<String> {
    let mut ids = Vec::new();
    while fixture.waiting("open-requests").await > 0 {
        let message = fixture.bus.take("postern.open-requests").await;
        let event: Value = serde_json::from_slice(&message.body).unwrap();
        ids.push(event["id"].as_str().unwrap().to_owned());
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_between_two_letters_and_the_report_shows_the_rest() {
    let fixture = fixture_with_letters(300).await;
    let mut child = start_replay(&fixture, "50").await;
    interrupt(&child);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let results: Vec<Value> = lines.map(|line| serde_json::from_str(&line).unwrap()).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let count = |wanted: &str| results.iter().filter(|it| it["result"] == wanted).count();
    let (replayed, left) = (count("replayed"), count("left"));
    assert_eq!((results.len(), replayed + left), (300, 300));
    assert!(replayed > 10 && left > 0, "{replayed} {left}");
    assert_eq!(fixture.ids().len(), left);
    assert_eq!(fixture.waiting("open-requests").await as usize, replayed);
}

fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_replay_loses_no_letter() {
    let fixture = fixture_with_letters(300).await;
    let mut child = start_replay(&fixture, "50").await;
    child.kill().unwrap();
    child.wait().unwrap();

    // The listing waits for the letters that the broker still counts as delivered to the killed process.
    let left = fixture.json("list");
    let mut there: Vec<String> =
        left.iter().map(|it| it["event_id"].as_str().unwrap().to_owned()).collect();
    let replayed = events(&fixture).await;
    assert!(!replayed.is_empty() && there.len() < 300);
    // Those in progress may be in both.
    assert!(there.len() + replayed.len() <= 300 + 16, "{} {}", there.len(), replayed.len());
    there.extend(replayed);
    there.sort();
    there.dedup();
    assert_eq!(there.len(), 300);
    assert_eq!(fixture.json("replay --all").len(), left.len());
    assert_eq!(fixture.ids().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_continues_after_a_lost_connection() {
    let mut fixture = fixture_with_letters(300).await;
    let child = start_replay(&fixture, "20").await;
    // The broker's list of connections is some seconds old. One of them is the test's own.
    let cut = AtomicUsize::new(0);
    until_true("the connections to be cut", SOON, || async {
        let more = fixture.vhost.close_connections().await;
        cut.fetch_add(more, Ordering::Relaxed) + more >= 3
    })
    .await;
    fixture.bus = fixture.vhost.bus().await;
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("trying again"), "{text}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 300);
    let mut replayed = events(&fixture).await;
    replayed.sort();
    replayed.dedup();
    assert_eq!((replayed.len(), fixture.ids().len()), (300, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replays_at_once_handle_each_letter_once() {
    let fixture = fixture_with_letters(200).await;
    let replay = || {
        let mut command = fixture.postern.command(&["dlq", "replay", "--all", "--output", "json"]);
        tokio::task::spawn_blocking(move || crate::running::end(&mut command))
    };
    let list = || {
        let mut command = fixture.postern.command(&["dlq", "list", "--output", "json"]);
        tokio::task::spawn_blocking(move || crate::running::end(&mut command))
    };
    let (one, other, listed) = tokio::join!(replay(), replay(), list());
    let (one, other, listed) = (one.unwrap(), other.unwrap(), listed.unwrap());
    for ended in [&one, &other, &listed] {
        assert_eq!(ended.status, Some(0), "{ended:?}");
    }
    let seen = listed.stdout.lines().count();
    assert!(
        seen == 0 || seen == 200,
        "a listing never misses the letters of another command: {seen}"
    );
    let results: Vec<_> = objects(&one).into_iter().chain(objects(&other)).collect();
    let replayed = results.iter().filter(|it| it["result"] == "replayed").count();
    assert_eq!(replayed, 200, "each letter once");
    assert_eq!((fixture.ids().len(), events(&fixture).await.len()), (0, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_at_a_time_reads_the_dead_letters() {
    let fixture = fixture_with_letters(3).await;
    // Like another command, until its connection ends.
    let other = Connection::connect(fixture.vhost.url(), ConnectionProperties::default());
    let other = other.await.unwrap();
    let channel = other.create_channel().await.unwrap();
    let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let session_queue = "postern.dead-letters.turn".into();
    channel.queue_declare(session_queue, exclusive, FieldTable::default()).await.unwrap();

    let mut command = fixture.postern.command(&["dlq", "list", "--output", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("waiting: another postern command"), "{line}");
    assert_eq!((child.try_wait().unwrap(), fixture.waiting("dead-letters").await), (None, 3));
    other.close(200, "done".into()).await.unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_replay_shows_its_progress_on_a_terminal_alone() {
    let fixture = fixture_with_letters(60).await;
    let replay = ["dlq", "replay", "--all", "--rate", "20"];
    let mut command = fixture.postern.command(&replay);
    let terminal = Terminal::start(command.env("TERM", "xterm"));
    terminal.wait_for_screen(" of 60 dead letters handled", SOON).await;
    let status = terminal.ended(SOON).await;
    let screen = terminal.screen();
    assert!(status.success(), "{screen}");
    let (_, after) = screen.rsplit_once("dead letters handled").unwrap();
    assert!(after.starts_with("\r\u{1b}[K"), "it is removed before the results: {after:?}");
    assert_eq!(after.matches("  replayed").count(), 60, "{after}");
}
