//! Making dead letters.

use events::{DecodeErrorKind, names};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use publisher::{DeadLetter, Message, ReceivedMessage, declare};
use rules::FailedReason;

use crate::fixtures::{at, number, original, original_headers, text};
use crate::virtual_host::{VirtualHost, take};

#[tokio::test]
async fn a_dead_letter_is_unchanged_but_for_the_added_headers() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    declare(&connection).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let publisher = host.publisher(1).await;
    publisher.publish(original(host.url().username())).await.unwrap();

    let taken = take(&channel, names::OPEN_REQUESTS_QUEUE).await.delivery;
    let received_headers = taken.properties.headers().clone().unwrap();
    let (received, _) = ReceivedMessage::from_delivery(names::OPEN_REQUESTS_QUEUE, taken);
    let reason = DecodeErrorKind::Malformed.into();
    let failure = DeadLetter { reason, detail: "no JSON", attempts: 0, answer: None };
    let letter = Message::dead_letter(&received, &failure, at("2026-03-01T12:00:00.250Z"));
    publisher.publish(letter).await.unwrap();

    let letter = take(&channel, names::DEAD_LETTERS_QUEUE).await.delivery;
    assert_eq!(letter.data, b"\xff not json");
    assert_eq!(letter.exchange.as_str(), names::DEAD_LETTER_EXCHANGE);
    assert_eq!(letter.routing_key.as_str(), "postern.open-requests.malformed");

    let properties = &letter.properties;
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "text/plain");
    assert_eq!(properties.content_encoding().as_ref().unwrap().as_str(), "gzip");
    assert_eq!(properties.priority(), &Some(3));
    assert_eq!(properties.reply_to().as_ref().unwrap().as_str(), "answers");
    assert_eq!(properties.cluster_id().as_ref().unwrap().as_str(), "east");
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
    let others = |headers: &FieldTable| -> Vec<_> {
        let names =
            headers.inner().iter().filter(|(name, _)| !name.as_str().starts_with("postern-"));
        names.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    assert_eq!(others(headers), others(&received_headers));
    for (name, value) in original_headers().inner() {
        // The queue counts deliveries itself.
        if name.as_str() != "x-delivery-count" {
            assert_eq!(headers.inner().get(name.as_str()), Some(value), "{name}");
        }
    }
}

#[tokio::test]
async fn a_second_dead_letter_keeps_the_origin_and_the_number_of_replays() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    declare(&connection).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let publisher = host.publisher(1).await;
    let original = original("another user");
    let first = ReceivedMessage {
        exchange: names::INBOUND_EXCHANGE.to_owned(),
        routing_key: "lock.open-request.acme".to_owned(),
        queue: names::OPEN_REQUESTS_QUEUE.to_owned(),
        properties: original.properties,
        body: original.body,
    };
    let reason = DecodeErrorKind::Malformed.into();
    let failure = DeadLetter { reason, detail: "first", attempts: 1, answer: None };
    let mut replay = Message::dead_letter(&first, &failure, at("2026-03-01T12:00:00Z"));
    let mut headers = replay.properties.headers().clone().unwrap();
    headers.insert("postern-replays".into(), AMQPValue::LongLongInt(2));
    replay.properties = replay.properties.with_headers(headers);
    (replay.exchange, replay.routing_key) = (String::new(), names::OPEN_REQUESTS_QUEUE.to_owned());
    publisher.publish(replay).await.unwrap();

    let taken = take(&channel, names::OPEN_REQUESTS_QUEUE).await.delivery;
    let (received, _) = ReceivedMessage::from_delivery(names::OPEN_REQUESTS_QUEUE, taken);
    assert_eq!(
        (received.exchange.as_str(), received.routing_key.as_str()),
        ("", "postern.open-requests")
    );
    let reason = FailedReason::IqNotActivated.into();
    let failure = DeadLetter { reason, detail: "second", attempts: 5, answer: None };
    publisher
        .publish(Message::dead_letter(&received, &failure, at("2026-03-01T12:01:00Z")))
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

/// Every size up to the largest that a publisher can send, beside which the added headers do not fit.
#[tokio::test]
async fn large_headers_are_kept_as_long_as_they_can_be_sent() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    declare(&connection).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let publisher = host.publisher(1).await;
    let reason = DecodeErrorKind::Malformed.into();
    let failure = DeadLetter { reason, detail: "large", attempts: 0, answer: None };
    for (size, kept) in [(100_000, true), (128_000, true), (129_000, false), (130_900, false)] {
        let mut headers = FieldTable::default();
        headers.insert("large".into(), AMQPValue::LongString("x".repeat(size).into()));
        let message = Message {
            properties: BasicProperties::default().with_headers(headers),
            ..original("")
        };
        publisher.publish(message).await.unwrap();

        let taken = take(&channel, names::OPEN_REQUESTS_QUEUE).await.delivery;
        let (received, _) = ReceivedMessage::from_delivery(names::OPEN_REQUESTS_QUEUE, taken);
        let letter = Message::dead_letter(&received, &failure, at("2026-03-01T12:00:00Z"));
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
