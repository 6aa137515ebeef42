use std::time::Duration;

use events::names;
use lapin::options::{BasicGetOptions, BasicNackOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel};
use publisher::{Arrival, DeadLetter, Label, Message, declare};

use crate::dead_letters::number;
use crate::virtual_host::{VirtualHost, take};

/// One delivery more than the broker makes of a message in a work queue.
pub(crate) const TOO_OFTEN: usize = 101;

/// Takes a message and gives it back, so often.
pub(crate) async fn give_back(channel: &Channel, queue: &str, times: usize) {
    for _ in 0..times {
        let got = loop {
            let got = channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap();
            if let Some(got) = got {
                break got;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        got.nack(BasicNackOptions { requeue: true, multiple: false }).await.unwrap();
    }
}

pub(crate) async fn dead_letter(channel: &Channel) -> Arrival {
    let taken = take(channel, names::DEAD_LETTERS_QUEUE).await.delivery;
    Arrival::from_delivery(names::DEAD_LETTERS_QUEUE, taken).0
}

#[tokio::test]
async fn one_replay_more_and_nothing_else() {
    let mut headers = FieldTable::default();
    headers.insert("tenant".into(), AMQPValue::LongString("acme".into()));
    headers.insert("x-own".into(), AMQPValue::Boolean(true));
    let original = Arrival {
        exchange: names::INBOUND_EXCHANGE.to_owned(),
        routing_key: "booking.status.acme".to_owned(),
        queue: names::BOOKING_STATUS_QUEUE.to_owned(),
        properties: BasicProperties::default().with_message_id("m".into()).with_headers(headers),
        body: b"\xff".to_vec(),
    };
    let why = DeadLetter { reason: "malformed", detail: "no JSON", attempts: 3 };
    let now = "2026-03-01T12:00:00.123456789Z".parse().unwrap();
    let letter = Message::dead_letter(&original, &why, now);
    let mut letter = Arrival {
        exchange: letter.exchange,
        routing_key: letter.routing_key,
        queue: names::DEAD_LETTERS_QUEUE.to_owned(),
        properties: letter
            .properties
            .with_expiration("1000".into())
            .with_user_id("somebody".into()),
        body: letter.body,
    };
    let label = Label::read(&letter);
    let told = (&*label.reason, label.detail.as_deref(), label.queue.as_deref());
    assert_eq!(told, ("malformed", Some("no JSON"), Some("postern.booking-status")));
    assert_eq!((label.attempts, label.replays, label.failed_at), (Some(3), 0, Some(now)));

    let replay = Message::replay(&letter).unwrap();
    assert_eq!((&*replay.exchange, &*replay.routing_key), ("", "postern.booking-status"));
    assert_eq!(replay.body, letter.body);
    let properties = &replay.properties;
    assert_eq!((properties.expiration(), properties.user_id()), (&None, &None));
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), "m");
    let mut wanted = letter.properties.headers().clone().unwrap();
    wanted.insert("postern-replays".into(), AMQPValue::LongLongInt(1));
    assert_eq!(properties.headers(), &Some(wanted.clone()));

    // Anywhere else nobody sends it, whoever wrote the header.
    wanted.insert("postern-queue".into(), AMQPValue::LongString("payments".into()));
    letter.properties = letter.properties.with_headers(wanted);
    assert!(Message::replay(&letter).is_err());
}

#[tokio::test]
async fn the_brokers_own_dead_letter_goes_back_and_survives_a_retry_queue() {
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
    give_back(&channel, names::OPEN_REQUESTS_QUEUE, TOO_OFTEN).await;

    let letter = dead_letter(&channel).await;
    let label = Label::read(&letter);
    let told = (&*label.reason, label.queue.as_deref(), label.replays);
    assert_eq!(told, ("delivery_limit", Some("postern.open-requests"), 0));
    assert!(label.failed_at.is_some() && label.attempts.is_none());

    // Out of a retry queue, the broker dead-letters it to the queue in which it has died before.
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
    let mut replay = Message::replay(&letter).unwrap();
    replay.routing_key = "postern.retry.test".to_owned();
    publisher.publish(replay).await.unwrap();

    let back = take(&channel, names::OPEN_REQUESTS_QUEUE).await.delivery;
    assert_eq!(back.data, b"poison");
    let headers = back.properties.headers().clone().unwrap();
    assert_eq!(number(&headers, "postern-replays"), 1);

    // What fails after a replay says so, and still knows where it first came from.
    let (again, _) = Arrival::from_delivery(names::OPEN_REQUESTS_QUEUE, back);
    let why = DeadLetter { reason: "malformed", detail: "still", attempts: 0 };
    let now = "2026-03-01T12:00:00Z".parse().unwrap();
    let again = Message::dead_letter(&again, &why, now);
    let headers = again.properties.headers().clone().unwrap();
    assert_eq!(number(&headers, "postern-replays"), 1);
    let key = headers.inner().get("postern-routing-key");
    assert_eq!(key, Some(&AMQPValue::LongString("lock.open-request.acme".into())));
}
