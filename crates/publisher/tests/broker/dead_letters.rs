use chrono::{DateTime, Utc};
use events::names;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldArray, FieldTable};
use publisher::{Arrival, DeadLetter, Message, declare};

use crate::virtual_host::{VirtualHost, take};

/// Everything a message can carry, the broker's own traces of an earlier life included.
pub(crate) fn original_headers() -> FieldTable {
    let mut death = FieldTable::default();
    death.insert("queue".into(), AMQPValue::LongString("elsewhere".into()));
    death.insert("reason".into(), AMQPValue::LongString("expired".into()));
    death.insert("count".into(), AMQPValue::LongLongInt(3));
    let mut headers = FieldTable::default();
    for (name, value) in [
        ("tenant", AMQPValue::LongString("acme".into())),
        ("priority", AMQPValue::LongInt(-4)),
        ("ratio", AMQPValue::Double(0.5)),
        ("seen", AMQPValue::Timestamp(1_700_000_000)),
        ("raw", AMQPValue::ByteArray(vec![0, 255].into())),
        ("nothing", AMQPValue::Void),
        ("x-first-death-queue", AMQPValue::LongString("elsewhere".into())),
        ("x-delivery-count", AMQPValue::LongLongInt(9)),
        ("x-death", AMQPValue::FieldArray(FieldArray::from(vec![AMQPValue::FieldTable(death)]))),
    ] {
        headers.insert(name.into(), value);
    }
    headers
}

pub(crate) fn original(user: &str) -> Message {
    Message {
        exchange: names::INBOUND_EXCHANGE.to_owned(),
        routing_key: "lock.open-request.acme".to_owned(),
        body: b"\xff not json".to_vec(),
        properties: BasicProperties::default()
            .with_content_type("text/plain".into())
            .with_message_id("m-1".into())
            .with_correlation_id("c-1".into())
            .with_type("lock.open-request.v1".into())
            .with_timestamp(1_700_000_001)
            .with_app_id("hotel".into())
            .with_expiration("600000".into())
            .with_user_id(user.into())
            .with_headers(original_headers()),
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn text(headers: &FieldTable, name: &str) -> String {
    match headers.inner().get(name) {
        Some(AMQPValue::LongString(value)) => value.to_string(),
        other => panic!("{name}: {other:?}"),
    }
}

pub(crate) fn number(headers: &FieldTable, name: &str) -> i64 {
    match headers.inner().get(name) {
        Some(AMQPValue::LongLongInt(value)) => *value,
        other => panic!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn goes_there_and_back_untouched_but_for_what_is_added() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    declare(&connection).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let publisher = host.publisher(1).await;
    publisher.publish(original(host.url().username())).await.unwrap();

    let taken = take(&channel, names::OPEN_REQUESTS_QUEUE).await.delivery;
    let arrived_headers = taken.properties.headers().clone().unwrap();
    let (arrival, _) = Arrival::from_delivery(names::OPEN_REQUESTS_QUEUE, taken);
    let why = DeadLetter { reason: "malformed", detail: "no JSON", attempts: 0 };
    let letter = Message::dead_letter(&arrival, &why, at("2026-03-01T12:00:00.250Z"));
    publisher.publish(letter).await.unwrap();

    let letter = take(&channel, names::DEAD_LETTERS_QUEUE).await.delivery;
    assert_eq!(letter.data, b"\xff not json");
    assert_eq!(letter.exchange.as_str(), names::DEAD_LETTER_EXCHANGE);
    assert_eq!(letter.routing_key.as_str(), "postern.open-requests.malformed");

    let properties = &letter.properties;
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "text/plain");
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), "m-1");
    assert_eq!(properties.correlation_id().as_ref().unwrap().as_str(), "c-1");
    assert_eq!(properties.kind().as_ref().unwrap().as_str(), "lock.open-request.v1");
    assert_eq!(properties.timestamp(), &Some(1_700_000_001));
    assert_eq!(properties.app_id().as_ref().unwrap().as_str(), "hotel");
    assert_eq!(properties.delivery_mode(), &Some(2));
    assert_eq!((properties.expiration(), properties.user_id()), (&None, &None));

    let headers = properties.headers().as_ref().unwrap();
    assert_eq!(text(headers, "postern-reason"), "malformed");
    assert_eq!(text(headers, "postern-detail"), "no JSON");
    assert_eq!(text(headers, "postern-failed-at"), "2026-03-01T12:00:00.250Z");
    assert_eq!(text(headers, "postern-exchange"), "postern.inbound");
    assert_eq!(text(headers, "postern-routing-key"), "lock.open-request.acme");
    assert_eq!(text(headers, "postern-queue"), "postern.open-requests");
    assert_eq!(number(headers, "postern-attempts"), 0);
    assert_eq!(number(headers, "postern-replays"), 0);
    let untouched = |headers: &FieldTable| -> Vec<_> {
        let names =
            headers.inner().iter().filter(|(name, _)| !name.as_str().starts_with("postern-"));
        names.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    assert_eq!(untouched(headers), untouched(&arrived_headers));
    for (name, value) in original_headers().inner() {
        // The queue counts deliveries itself.
        if name.as_str() != "x-delivery-count" {
            assert_eq!(headers.inner().get(name.as_str()), Some(value), "{name}");
        }
    }
}

#[tokio::test]
async fn the_second_time_keeps_the_first_arrival_and_the_number_of_replays() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    declare(&connection).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let publisher = host.publisher(1).await;
    let original = original("somebody else");
    let first = Arrival {
        exchange: names::INBOUND_EXCHANGE.to_owned(),
        routing_key: "lock.open-request.acme".to_owned(),
        queue: names::OPEN_REQUESTS_QUEUE.to_owned(),
        properties: original.properties,
        body: original.body,
    };
    let why = DeadLetter { reason: "malformed", detail: "first", attempts: 1 };
    let mut replay = Message::dead_letter(&first, &why, at("2026-03-01T12:00:00Z"));
    let mut headers = replay.properties.headers().clone().unwrap();
    headers.insert("postern-replays".into(), AMQPValue::LongLongInt(2));
    replay.properties = replay.properties.with_headers(headers);
    (replay.exchange, replay.routing_key) = (String::new(), names::OPEN_REQUESTS_QUEUE.to_owned());
    publisher.publish(replay).await.unwrap();

    let taken = take(&channel, names::OPEN_REQUESTS_QUEUE).await.delivery;
    let (arrival, _) = Arrival::from_delivery(names::OPEN_REQUESTS_QUEUE, taken);
    assert_eq!(
        (arrival.exchange.as_str(), arrival.routing_key.as_str()),
        ("", "postern.open-requests")
    );
    let why = DeadLetter { reason: "iq_not_activated", detail: "second", attempts: 5 };
    publisher
        .publish(Message::dead_letter(&arrival, &why, at("2026-03-01T12:01:00Z")))
        .await
        .unwrap();

    let letter = take(&channel, names::DEAD_LETTERS_QUEUE).await.delivery;
    assert_eq!(letter.routing_key.as_str(), "postern.open-requests.iq_not_activated");
    let headers = letter.properties.headers().as_ref().unwrap();
    assert_eq!(text(headers, "postern-reason"), "iq_not_activated");
    assert_eq!(text(headers, "postern-detail"), "second");
    assert_eq!(text(headers, "postern-failed-at"), "2026-03-01T12:01:00Z");
    assert_eq!(text(headers, "postern-exchange"), "postern.inbound");
    assert_eq!(text(headers, "postern-routing-key"), "lock.open-request.acme");
    assert_eq!(text(headers, "postern-queue"), "postern.open-requests");
    assert_eq!(number(headers, "postern-attempts"), 5);
    assert_eq!(number(headers, "postern-replays"), 2);
}

/// Every size up to the largest that a publisher gets through, where ours no longer fit beside it.
#[tokio::test]
async fn large_headers_are_kept_as_long_as_they_can_be_sent() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    declare(&connection).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let publisher = host.publisher(1).await;
    let why = DeadLetter { reason: "malformed", detail: "large", attempts: 0 };
    for (size, kept) in [(100_000, true), (128_000, true), (129_000, false), (130_900, false)] {
        let mut headers = FieldTable::default();
        headers.insert("large".into(), AMQPValue::LongString("x".repeat(size).into()));
        let message = Message {
            properties: BasicProperties::default().with_headers(headers),
            ..original("")
        };
        publisher.publish(message).await.unwrap();

        let taken = take(&channel, names::OPEN_REQUESTS_QUEUE).await.delivery;
        let (arrival, _) = Arrival::from_delivery(names::OPEN_REQUESTS_QUEUE, taken);
        let letter = Message::dead_letter(&arrival, &why, at("2026-03-01T12:00:00Z"));
        publisher.publish(letter).await.unwrap();

        let letter = take(&channel, names::DEAD_LETTERS_QUEUE).await.delivery;
        let headers = letter.properties.headers().as_ref().unwrap();
        assert_eq!(headers.contains_key("large"), kept, "{size}");
        assert_eq!(text(headers, "postern-reason"), "malformed");
        assert_eq!(text(headers, "postern-routing-key"), "lock.open-request.acme");
        assert_eq!(text(headers, "postern-detail").contains("too large to be kept"), !kept);
        assert!(text(headers, "postern-detail").ends_with("large"));
    }
}
