//! Invalid messages: each becomes an unchanged dead letter with the reason, and the worker continues.

use end_to_end::broker::DeadLetter;
use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::setup::Setup;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use std::path::Path;

/// The queues of the two types.
const KEYS: [(&str, &str, &str); 2] = [
    ("booking.status.v1", "booking.status.acme", "postern.booking-status"),
    ("lock.open-request.v1", "lock.open-request.acme", "postern.open-requests"),
];

/// A file of the corpus: the code in its name, the type whose queue it is for, and the bytes.
struct Sample {
    name: String,
    code: String,
    kind: String,
    body: Vec<u8>,
}

/// Every file of `schemas/samples/invalid`; times ahead of the samples' clock are moved ahead of the current time.
fn corpus() -> Vec<Sample> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/samples/invalid");
    let files = std::fs::read_dir(directory).expect("the samples are there");
    let samples: Vec<_> = files
        .map(|file| {
            let path = file.expect("a sample").path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
            let mut text = name.split("--").map(str::to_owned);
            let (code, kind) = (text.next().unwrap_or_default(), text.next().unwrap_or_default());
            let mut body = std::fs::read(&path).expect("a sample can be read");
            if name.ends_with("--time-ahead") {
                let mut event: serde_json::Value =
                    serde_json::from_slice(&body).expect("it is an event");
                event["time"] = time(330).into();
                body = event.to_string().into_bytes();
            }
            Sample { name, code, kind, body }
        })
        .collect();
    assert!(samples.len() > 100, "the corpus is {} files", samples.len());
    samples
}

/// All properties that a publisher can set, and headers of every relevant type.
fn properties(name: &str) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("sample".into(), AMQPValue::LongString(name.into()));
    headers.insert("number".into(), AMQPValue::LongLongInt(-7));
    headers.insert("flag".into(), AMQPValue::Boolean(true));
    BasicProperties::default()
        .with_content_type("application/cloudevents+json".into())
        .with_message_id("message".into())
        .with_correlation_id("correlation".into())
        .with_type("type".into())
        .with_timestamp(1_790_000_000)
        .with_app_id("booking-system".into())
        .with_user_id("guest".into())
        .with_expiration("600000".into())
        .with_reply_to("somewhere".into())
        .with_priority(3)
        .with_delivery_mode(1)
        .with_headers(headers)
}

fn check(letter: &DeadLetter, queue: &str, key: &str) {
    let name = letter.header("sample");
    for (header, value) in [
        ("postern-exchange", "postern.inbound"),
        ("postern-routing-key", key),
        ("postern-queue", queue),
        ("postern-replays", "0"),
        ("postern-attempts", "0"),
        ("number", "-7"),
        ("flag", "Boolean(true)"),
    ] {
        assert_eq!(letter.header(header), value, "{name}: {header}");
    }
    assert!(!letter.header("postern-detail").is_empty(), "{name}");
    let failed_at = letter.header("postern-failed-at");
    assert!(chrono::DateTime::parse_from_rfc3339(&failed_at).is_ok(), "{name}: {failed_at}");
    let kept = BasicProperties::default()
        .with_content_type("application/cloudevents+json".into())
        .with_message_id("message".into())
        .with_correlation_id("correlation".into())
        .with_type("type".into())
        .with_timestamp(1_790_000_000)
        .with_app_id("booking-system".into())
        .with_reply_to("somewhere".into())
        .with_priority(3)
        .with_delivery_mode(2);
    let headers = letter.properties.headers().clone().unwrap_or_default();
    assert_eq!(letter.properties, kept.with_headers(headers), "{name}");
}

#[tokio::test]
async fn every_invalid_message_becomes_a_dead_letter_and_the_next_request_is_opened() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let mut samples = corpus();
    for (kind, ..) in KEYS {
        samples.push(Sample {
            name: format!("five-megabytes-{kind}"),
            code: "malformed".into(),
            kind: kind.into(),
            body: vec![b'x'; 5 << 20],
        });
    }
    // A valid event is answered, not rejected, also in the queue of the other type's samples; all other messages go
    // into both queues.
    let sent: Vec<_> = KEYS
        .iter()
        .flat_map(|(kind, key, queue)| {
            let fits =
                move |sample: &&Sample| sample.kind == *kind || sample.code != "unknown_type";
            samples.iter().filter(fits).map(move |sample| (*kind, *key, *queue, sample))
        })
        .collect();
    for (_, key, _, sample) in &sent {
        let properties = properties(&sample.name);
        fixture.bus.publish_raw("postern.inbound", key, &sample.body, properties).await;
    }
    let count = u32::try_from(sent.len()).expect("few samples");
    let letters = fixture.bus.wait_for_dead_letters(count, SOON * 3).await;
    assert_eq!(letters.len(), sent.len(), "one each");

    for (kind, key, queue, sample) in sent {
        // Only the broker has a body that is too large, so it makes the dead letter.
        let by_broker = sample.body.len() > 1 << 20;
        let queue_header = if by_broker { "x-first-death-queue" } else { "postern-queue" };
        let is_it = |letter: &&DeadLetter| {
            letter.header("sample") == sample.name && letter.header(queue_header) == queue
        };
        let found: Vec<_> = letters.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{} in {queue}", sample.name);
        let letter = found[0];
        assert!(letter.body == sample.body, "the body of {} was changed", sample.name);
        if by_broker {
            assert_eq!(letter.header("x-first-death-reason"), "rejected", "{}", sample.name);
            continue;
        }
        check(letter, queue, key);
        // In the other queue its type may be the error.
        let reason = letter.reason();
        let foreign = sample.kind != kind && sample.code == "schema_violation";
        let fits = reason == sample.code || foreign && reason == "unknown_type";
        assert!(fits, "{} in {queue}: {reason}", sample.name);
    }

    assert_eq!(fixture.open("healthy", BOOKING).await.kind, "lock.opened.v1");
    fixture.store_status(&booking_status("B-2", "paid")).await;
    assert_eq!(fixture.answer_to(&open_request("healthy-2", "B-2")).await.kind, "lock.opened.v1");
    assert_eq!(fixture.outbound.terminals().len(), 2, "nothing else was answered");
    assert_eq!(fixture.setup.simulator.commands().await.len(), 2);
    assert!(fixture.workers[0].is_running());
}
