//! Replaying dead letters.

use events::{DecodeErrorKind, names};
use lapin::BasicProperties;
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use publisher::{DeadLetter, DeadLetterHeaders, Message, ReceivedMessage, declare};

use crate::fixtures::{
    OVER_THE_LIMIT, dead_letter, expected_properties, number, original, return_unsettled,
    without_headers,
};
use crate::virtual_host::{VirtualHost, take};

#[tokio::test]
async fn a_replay_counts_itself_and_changes_nothing_else() {
    let mut headers = FieldTable::default();
    headers.insert("tenant".into(), AMQPValue::LongString("acme".into()));
    headers.insert("x-own".into(), AMQPValue::Boolean(true));
    let original = ReceivedMessage {
        exchange: names::INBOUND_EXCHANGE.to_owned(),
        routing_key: "booking.status.acme".to_owned(),
        queue: names::BOOKING_STATUS_QUEUE.to_owned(),
        properties: original("hotel").properties.with_headers(headers),
        body: b"\xff".to_vec(),
    };
    let reason = DecodeErrorKind::Malformed.into();
    let failure = DeadLetter { reason, detail: "no JSON", attempts: 3, answer: None };
    let now = "2026-03-01T12:00:00.123456789Z".parse().unwrap();
    let letter = Message::dead_letter(&original, &failure, now);
    let mut letter = ReceivedMessage {
        exchange: letter.exchange,
        routing_key: letter.routing_key,
        queue: names::DEAD_LETTERS_QUEUE.to_owned(),
        properties: letter
            .properties
            .with_expiration("1000".into())
            .with_user_id("another user".into()),
        body: letter.body,
    };
    let read = DeadLetterHeaders::read(&letter);
    let found = (read.reason.as_str(), read.detail.as_deref(), read.queue.as_deref());
    assert_eq!(found, ("malformed", Some("no JSON"), Some("postern.booking-status")));
    assert_eq!((read.attempts, read.replays, read.failed_at), (Some(3), 0, Some(now)));

    let replay = Message::replay(&letter, None).unwrap();
    assert_eq!((&*replay.exchange, &*replay.routing_key), ("", "postern.booking-status"));
    assert_eq!(replay.body, letter.body);
    let properties = &replay.properties;
    assert_eq!((properties.expiration(), properties.user_id()), (&None, &None));
    assert_eq!(without_headers(properties), expected_properties());
    let mut wanted = letter.properties.headers().clone().unwrap();
    wanted.insert("postern-replays".into(), AMQPValue::LongLongInt(1));
    assert_eq!(properties.headers(), &Some(wanted.clone()));

    // It is replayed to no other queue, whatever the header says.
    wanted.insert("postern-queue".into(), AMQPValue::LongString("payments".into()));
    letter.properties = letter.properties.with_headers(wanted);
    assert!(Message::replay(&letter, None).is_err());
}

#[tokio::test]
async fn a_dead_letter_of_the_broker_is_replayed_and_returns_from_a_retry_queue() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    declare(&connection).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let publisher = host.publisher(1).await;
    publisher
        .publish(Message {
            exchange: names::INBOUND_EXCHANGE.to_owned(),
            routing_key: "lock.open-request.acme".to_owned(),
            body: b"poison".to_vec(),
            properties: BasicProperties::default(),
        })
        .await
        .unwrap();
    return_unsettled(&channel, names::OPEN_REQUESTS_QUEUE, OVER_THE_LIMIT).await;

    let letter = dead_letter(&channel).await;
    let read = DeadLetterHeaders::read(&letter);
    let found = (read.reason.as_str(), read.queue.as_deref(), read.replays);
    assert_eq!(found, ("delivery_limit", Some("postern.open-requests"), 0));
    assert!(read.failed_at.is_some() && read.attempts.is_none());

    // Out of a retry queue, the broker dead-letters it to a queue of which it has a record already.
    let mut arguments = FieldTable::default();
    for (name, value) in [
        ("x-dead-letter-exchange", AMQPValue::LongString("".into())),
        ("x-dead-letter-routing-key", AMQPValue::LongString(names::OPEN_REQUESTS_QUEUE.into())),
        ("x-message-ttl", AMQPValue::LongInt(1)),
    ] {
        arguments.insert(name.into(), value);
    }
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("postern.retry.test".into(), options, arguments).await.unwrap();
    let mut replay = Message::replay(&letter, None).unwrap();
    replay.routing_key = "postern.retry.test".to_owned();
    publisher.publish(replay).await.unwrap();

    let back = take(&channel, names::OPEN_REQUESTS_QUEUE).await.delivery;
    assert_eq!(back.data, b"poison");
    let headers = back.properties.headers().clone().unwrap();
    assert_eq!(number(&headers, "postern-replays"), 1);

    // A failure after a replay has the number of replays and the first origin.
    let (again, _) = ReceivedMessage::from_delivery(names::OPEN_REQUESTS_QUEUE, back);
    let reason = DecodeErrorKind::Malformed.into();
    let failure = DeadLetter { reason, detail: "still", attempts: 0, answer: None };
    let now = "2026-03-01T12:00:00Z".parse().unwrap();
    let again = Message::dead_letter(&again, &failure, now);
    let headers = again.properties.headers().clone().unwrap();
    assert_eq!(number(&headers, "postern-replays"), 1);
    let key = headers.inner().get("postern-routing-key");
    assert_eq!(key, Some(&AMQPValue::LongString("lock.open-request.acme".into())));
}
