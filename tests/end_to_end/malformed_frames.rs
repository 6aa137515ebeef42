//! Names, properties and headers that RabbitMQ forwards and the client's parser does not read: the worker keeps its
//! session, and `postern dlq` works (docs/contract.md, invariant 8).

use end_to_end::broker::{RawMessage, RawPublisher, long, short};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::setup::Setup;
use serde_json::Value;

const CONTENT_TYPE: u16 = 1 << 15;
const HEADERS: u16 = 1 << 13;
const MESSAGE_ID: u16 = 1 << 7;
const KEY: &[u8] = b"lock.open-request";

/// A header of the type boolean.
fn header(name: &[u8]) -> Vec<u8> {
    [short(name).as_slice(), b"t\x01"].concat()
}

/// Tables of one header each, so many in each other.
fn nested(depth: usize) -> Vec<u8> {
    let mut entry = header(b"a");
    for _ in 0..depth {
        entry = [&short(b"a")[..], b"F", &long(&entry)].concat();
    }
    entry
}

fn message(routing_key: &[u8], flags: u16, properties: Vec<u8>, body: &str) -> RawMessage {
    RawMessage { routing_key: routing_key.to_vec(), flags, properties, body: body.into() }
}

/// One message of each kind, with this body.
fn messages(body: &str) -> Vec<RawMessage> {
    let table = |entries: &[u8]| long(entries);
    let text = [&short(b"text")[..], b"S", &long(&vec![b'x'; 131_000])].concat();
    let many = [&short(b"many")[..], b"A", &long(&b"V".repeat(100_000))].concat();
    let within = [&short(b"within")[..], b"F", &long(&header(b"b\xfcro"))].concat();
    vec![
        message(KEY, HEADERS, table(&nested(4_000)), body),
        message(b"lock.open-request.z\xfcrich", 0, vec![], body),
        message(KEY, HEADERS, table(&header(b"b\xfcro")), body),
        message(KEY, HEADERS, table(&within), body),
        message(KEY, CONTENT_TYPE, short(b"text/plain; charset=\xe9"), body),
        message(KEY, MESSAGE_ID, short(b"\xff\xfe"), body),
        message(KEY, HEADERS, table(&many), body),
        // With the headers that the broker adds, it does not fit into a frame.
        message(KEY, HEADERS, table(&text), body),
    ]
}

async fn letters(fixture: &Fixture) -> Vec<Value> {
    let output = fixture.setup.postern(&["dlq", "list", "--output", "json"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("JSON is text");
    lines.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}

/// The worker has had one session from its start.
fn assert_one_session(fixture: &Fixture) {
    let log = fixture.workers[0].log();
    assert_eq!(log.matches(r#""subscribed""#).count(), 1, "{log}");
    assert!(!log.contains("session lost") && !log.contains("parse error"), "{log}");
}

#[tokio::test]
async fn frames_that_the_client_cannot_read_do_not_end_the_session() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let mut raw = RawPublisher::connect(fixture.setup.vhost.url()).await;
    let sent = messages("no event");
    for (number, message) in sent.iter().enumerate() {
        raw.publish(message).await;
        let healthy = fixture.open(&format!("healthy-{number}"), BOOKING).await;
        assert_eq!(healthy.kind, "lock.opened.v1", "{number}");
    }
    until_true("the dead letters", SOON, || async {
        fixture.bus.waiting("postern.dead-letters").await == u32::try_from(sent.len()).ok()
    })
    .await;
    assert_one_session(&fixture);

    let listed = letters(&fixture).await;
    assert!(listed.iter().all(|letter| letter["reason"] == "malformed"), "{listed:?}");
    let mut repaired = 0;
    for letter in &listed {
        let id = letter["id"].as_str().expect("an id is text");
        let output = fixture.setup.postern(&["dlq", "show", id, "--output", "json"]).await;
        let shown: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(shown["body"], "no event", "{shown}");
        repaired += usize::from(shown["headers"]["postern-repaired"].is_string());
    }
    // The large headers needed no repair before the broker added its own.
    assert!(repaired >= sent.len() - 1, "{repaired}");

    // A replay of the changed messages works, and they become dead letters again.
    let output = fixture.setup.postern(&["dlq", "replay", "--reason", "malformed"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    until_true("the dead letters after their replay", SOON, || async {
        let letters = letters(&fixture).await;
        letters.len() == sent.len() && letters.iter().all(|letter| letter["replays"] == 1)
    })
    .await;
    assert_one_session(&fixture);
}

#[tokio::test]
async fn a_valid_event_with_names_that_are_not_utf8_opens_the_door() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let mut raw = RawPublisher::connect(fixture.setup.vhost.url()).await;
    for number in 0..messages("").len() {
        let id = format!("R-{number}");
        let mut message = messages(&open_request(&id, BOOKING).to_string()).swap_remove(number);
        if message.flags == CONTENT_TYPE {
            message.properties = short(b"application/cloudevents+json; charset=\xe9");
        }
        raw.publish(&message).await;
        assert_eq!(fixture.outbound.terminal(&id, SOON).await.kind, "lock.opened.v1", "{number}");
    }
    assert_eq!(letters(&fixture).await, Vec::<Value>::new());
    assert_one_session(&fixture);
}

/// Headers that fill a frame do not fit into one with what the broker adds when it makes a dead letter.
#[tokio::test]
async fn dead_letters_of_the_broker_whose_headers_do_not_fit_into_a_frame_are_listed() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    assert!(fixture.workers[0].stop(SOON).await.success());
    let mut raw = RawPublisher::connect(fixture.setup.vhost.url()).await;
    let text = [&short(b"text")[..], b"S", &long(&vec![b'x'; 131_000])].concat();
    let (flags, expiration) = (HEADERS | (1 << 8), short(b"1"));
    raw.publish(&message(KEY, flags, [long(&text), expiration].concat(), "no event")).await;
    until_true("the dead letter", SOON, || async {
        fixture.bus.waiting("postern.dead-letters").await == Some(1)
    })
    .await;
    let listed = letters(&fixture).await;
    assert_eq!((listed.len(), &listed[0]["reason"]), (1, &"expired".into()), "{listed:?}");
}
