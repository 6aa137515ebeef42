//! `dlq replay`: back to the queue, then out of the dead letters, whatever happens in between.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use end_to_end::deadline::{SOON, until_true};
use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
};
use serde_json::json;

use super::{
    bench::{Bench, objects},
    letters::{malformed, request, status},
};

#[tokio::test(flavor = "multi_thread")]
async fn goes_to_its_own_queue_with_one_replay_more() {
    let bench = Bench::new().await;
    request("r", "iq_offline").lay(&bench.bus).await;
    let mut second = status(1);
    second.replays = 4;
    second.lay(&bench.bus).await;
    malformed(b"\xff").lay(&bench.bus).await;
    let before = bench.letters().await;
    let ids = bench.ids();

    let replayed = bench.json("replay --reason retries_exhausted");
    assert_eq!(replayed, [json!({"id": ids[1], "result": "replayed"})]);
    assert_eq!(bench.waiting("booking-status").await, 1);
    let message = bench.bus.take("postern.booking-status").await;
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

    assert_eq!(bench.json("replay --all").len(), 2);
    assert_eq!(bench.waiting("open-requests").await, 2);
    assert_eq!(bench.ids(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_says_nothing_of_its_queue_stays_and_the_rest_goes() {
    let bench = Bench::new().await;
    bench.bus.publish_raw("", "postern.dead-letters", b"?", BasicProperties::default()).await;
    request("r", "iq_offline").lay(&bench.bus).await;
    let ended = bench.dlq("replay --all --output json");
    assert_eq!(ended.status, Some(1));
    assert!(ended.stderr.contains("1 replayed, 1 failed"), "{}", ended.stderr);
    let lines = objects(&ended);
    assert_eq!((&lines[0]["result"], &lines[1]["result"]), (&json!("failed"), &json!("replayed")));
    assert!(lines[0]["detail"].is_string());
    assert_eq!(bench.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dies_again_meanwhile_is_not_replayed_again() {
    let bench = Bench::new().await;
    for number in 0..30 {
        request(&format!("r-{number}"), "iq_offline").lay(&bench.bus).await;
    }
    // As a worker that fails each request at once.
    let done = AtomicBool::new(false);
    let fail = async {
        while !done.load(Ordering::Relaxed) {
            while bench.waiting("open-requests").await > 0 {
                let message = bench.bus.take("postern.open-requests").await;
                let key = "postern.open-requests.iq_offline";
                let (body, properties) = (&message.body, message.properties.clone());
                bench.bus.publish_raw("postern.dead-letter", key, body, properties).await;
            }
            tokio::task::yield_now().await;
        }
    };
    let replay = async {
        let mut command = bench.postern.command(&["dlq", "replay", "--all", "--output", "json"]);
        let ended = tokio::task::spawn_blocking(move || crate::running::end(&mut command));
        let ended = ended.await.unwrap();
        done.store(true, Ordering::Relaxed);
        ended
    };
    let (ended, ()) = tokio::join!(replay, fail);
    assert_eq!((ended.status, objects(&ended).len()), (Some(0), 30), "{}", ended.stderr);
    let letters = bench.letters().await;
    let left = bench.waiting("open-requests").await as usize;
    assert_eq!(letters.len() + left, 30);
    let one = AMQPValue::LongLongInt(1);
    assert!(letters.iter().all(|letter| letter.headers["postern-replays"] == one));
}

/// Starts a slow replay of everything and waits until some letters are back.
async fn begun(bench: &Bench, rate: &str) -> Child {
    let arguments = ["dlq", "replay", "--all", "--rate", rate, "--output", "json"];
    let mut command = bench.postern.command(&arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until_true("some letters to be replayed", SOON, || async {
        bench.waiting("open-requests").await > 10
    })
    .await;
    child
}

async fn laid(count: usize) -> Bench {
    let bench = Bench::new().await;
    for number in 0..count {
        request(&format!("r-{number}"), "iq_offline").lay(&bench.bus).await;
    }
    bench
}

async fn events(bench: &Bench) -> Vec<String> {
    let mut ids = Vec::new();
    while bench.waiting("open-requests").await > 0 {
        let message = bench.bus.take("postern.open-requests").await;
        let event: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
        ids.push(event["id"].as_str().unwrap().to_owned());
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_between_two_letters_and_says_how_far_it_came() {
    let bench = laid(300).await;
    let mut child = begun(&bench, "50").await;
    interrupt(&child);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let results: Vec<serde_json::Value> =
        lines.map(|line| serde_json::from_str(&line).unwrap()).collect();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let count = |wanted: &str| results.iter().filter(|it| it["result"] == wanted).count();
    let (replayed, left) = (count("replayed"), count("left"));
    assert_eq!((results.len(), replayed + left), (300, 300));
    assert!(replayed > 10 && left > 0, "{replayed} {left}");
    assert_eq!(bench.ids().len(), left);
    assert_eq!(bench.waiting("open-requests").await as usize, replayed);
}

fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_nothing_is_lost() {
    let bench = laid(300).await;
    let mut child = begun(&bench, "50").await;
    child.kill().unwrap();
    child.wait().unwrap();

    // At once: the listing waits for what the dead one still holds.
    let left = bench.json("list");
    let mut there: Vec<String> =
        left.iter().map(|it| it["event_id"].as_str().unwrap().to_owned()).collect();
    let replayed = events(&bench).await;
    assert!(!replayed.is_empty() && there.len() < 300);
    // Those under way may be in both.
    assert!(there.len() + replayed.len() <= 300 + 16, "{} {}", there.len(), replayed.len());
    there.extend(replayed);
    there.sort();
    there.dedup();
    assert_eq!(there.len(), 300);
    assert_eq!(bench.json("replay --all").len(), left.len());
    assert_eq!(bench.ids().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_made_good() {
    let mut bench = laid(300).await;
    let child = begun(&bench, "20").await;
    // The broker's list of connections is some seconds old. One of them is the test's own.
    let cut = AtomicUsize::new(0);
    until_true("the connections to be cut", SOON, || async {
        let more = bench.vhost.close_connections().await;
        cut.fetch_add(more, Ordering::Relaxed) + more >= 3
    })
    .await;
    bench.bus = bench.vhost.bus().await;
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap()).await.unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{words}");
    assert!(words.contains("trying again"), "{words}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 300);
    let mut replayed = events(&bench).await;
    replayed.sort();
    replayed.dedup();
    assert_eq!((replayed.len(), bench.ids().len()), (300, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_share_the_work_and_see_the_same() {
    let bench = laid(200).await;
    let replay = || {
        let mut command = bench.postern.command(&["dlq", "replay", "--all", "--output", "json"]);
        tokio::task::spawn_blocking(move || crate::running::end(&mut command))
    };
    let list = || {
        let mut command = bench.postern.command(&["dlq", "list", "--output", "json"]);
        tokio::task::spawn_blocking(move || crate::running::end(&mut command))
    };
    let (one, other, listed) = tokio::join!(replay(), replay(), list());
    let (one, other, listed) = (one.unwrap(), other.unwrap(), listed.unwrap());
    for ended in [&one, &other, &listed] {
        assert_eq!(ended.status, Some(0), "{ended:?}");
    }
    let seen = listed.stdout.lines().count();
    assert!(seen == 0 || seen == 200, "a listing never sees the rest of somebody's hands: {seen}");
    let results: Vec<_> = objects(&one).into_iter().chain(objects(&other)).collect();
    let replayed = results.iter().filter(|it| it["result"] == "replayed").count();
    assert_eq!(replayed, 200, "each letter once");
    assert_eq!((bench.ids().len(), events(&bench).await.len()), (0, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_at_a_time_reads_the_dead_letters() {
    let bench = laid(3).await;
    // As another command does, until its connection goes.
    let other = Connection::connect(bench.vhost.url(), ConnectionProperties::default());
    let other = other.await.unwrap();
    let channel = other.create_channel().await.unwrap();
    let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let turn = "postern.dead-letters.turn".into();
    channel.queue_declare(turn, exclusive, FieldTable::default()).await.unwrap();

    let mut command = bench.postern.command(&["dlq", "list", "--output", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("waiting: another postern command"), "{line}");
    assert_eq!((child.try_wait().unwrap(), bench.waiting("dead-letters").await), (None, 3));
    other.close(200, "done".into()).await.unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 3);
}
