//! Headers that postern reads back count only where postern wrote them.

use events::names;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use publisher::{DeadLetterHeaders, HeaderKey, Message, ReceivedMessage};

use crate::fixtures::{OVER_THE_LIMIT, dead_letter, number, original, return_unsettled, text};
use crate::parking_broker::{Broker, SHORTEST, assert_origin, failed, headers, string, with};

const SECRET: [u8; 32] = [7; 32];

fn key() -> HeaderKey {
    HeaderKey::derive(&SECRET)
}

fn forged() -> BasicProperties {
    with([
        ("postern-deliveries", AMQPValue::LongLongInt(5)),
        ("postern-record-failures", AMQPValue::LongLongInt(5)),
        ("postern-replays", AMQPValue::LongLongInt(7)),
        ("postern-exchange", string("elsewhere")),
        ("postern-routing-key", string("lock.open-request.other")),
        ("postern-queue", string("postern.open-requests")),
        ("postern-authentication", string("origin=AAAA,replays=,deliveries=AAAA")),
        ("x-delivery-count", AMQPValue::LongLongInt(9)),
        ("tenant", string("acme")),
    ])
}

fn first(received: ReceivedMessage) -> ReceivedMessage {
    received.authenticated(&key(), false)
}

/// The same message with another value of a header.
fn changed(received: &ReceivedMessage, name: &str, value: AMQPValue) -> ReceivedMessage {
    let mut headers = headers(received).clone();
    headers.insert(name.into(), value);
    let mut changed = received.clone();
    changed.properties = changed.properties.with_headers(headers);
    changed
}

/// A message that was parked after three deliveries and is back.
async fn parked(broker: &Broker) -> ReceivedMessage {
    let plain = Message { properties: BasicProperties::default(), ..original("") };
    broker.publisher.publish(plain).await.unwrap();
    return_unsettled(&broker.channel, names::OPEN_REQUESTS_QUEUE, 3).await;
    let received = broker.open_request().await.authenticated(&key(), true);
    assert_eq!(received.deliveries(), 3);
    broker.publisher.publish(Message::parked(&received, SHORTEST).signed(&key())).await.unwrap();
    broker.open_request().await
}

#[tokio::test]
async fn headers_of_a_publisher_make_no_poison_suspect_and_no_origin() {
    let broker = Broker::new().await;
    let received = first(broker.send(forged()).await);
    assert_eq!((received.deliveries(), received.record_failures()), (0, 0));
    assert_eq!(text(headers(&received), "tenant"), "acme");

    broker.publisher.publish(Message::parked(&received, SHORTEST).signed(&key())).await.unwrap();
    let back = first(broker.open_request().await);
    assert_eq!(back.deliveries(), 0);
    assert_origin(headers(&back));
    broker.publisher.publish(failed(&back).signed(&key())).await.unwrap();
    let letter = dead_letter(&broker.channel).await;
    assert_origin(headers(&letter));
    assert_eq!(number(headers(&letter), "postern-replays"), 0);
    assert_eq!(text(headers(&letter), "tenant"), "acme");
}

#[tokio::test]
async fn headers_of_postern_count_for_their_message_alone() {
    let broker = Broker::new().await;
    let back = parked(&broker).await;
    assert_origin(headers(&first(back.clone())));
    assert_eq!(first(back.clone()).deliveries(), 3);

    let other_key = back.clone().authenticated(&HeaderKey::derive(&[8; 32]), false);
    assert_eq!(
        (other_key.deliveries(), headers(&other_key).contains_key("postern-queue")),
        (0, false)
    );
    // After a rotation of the secret, codes of the old one are right, and new ones are of the new one.
    let rotated = || HeaderKey::derive(&[8; 32]);
    let (old, new) = (SECRET, rotated().with_old([&[9; 32], &SECRET]));
    let after = back.clone().authenticated(&new, false);
    assert_eq!(after.deliveries(), 3);
    assert_origin(headers(&after));
    broker.publisher.publish(Message::parked(&after, SHORTEST).signed(&new)).await.unwrap();
    let signed_anew = broker.open_request().await;
    assert_eq!(signed_anew.clone().authenticated(&rotated(), true).deliveries(), 3);
    assert_eq!(signed_anew.authenticated(&HeaderKey::derive(&old), true).deliveries(), 0);
    let other_body = first(ReceivedMessage { body: b"{}".to_vec(), ..back.clone() });
    assert_eq!(
        (other_body.deliveries(), headers(&other_body).contains_key("postern-queue")),
        (0, false)
    );

    // One changed header does not affect the others.
    let more = first(changed(&back, "postern-deliveries", AMQPValue::LongLongInt(4)));
    assert_eq!(more.deliveries(), 0);
    assert_origin(headers(&more));
    for name in ["postern-exchange", "postern-routing-key", "postern-queue"] {
        let elsewhere = first(changed(&back, name, string("postern.booking-status")));
        assert_eq!(elsewhere.deliveries(), 3);
        assert!(!headers(&elsewhere).contains_key("postern-queue"), "{name}");
    }
    let replayed = first(changed(&back, "postern-replays", AMQPValue::LongLongInt(1)));
    assert!(!headers(&replayed).contains_key("postern-replays"));
}

#[tokio::test]
async fn a_count_of_the_broker_counts_only_on_a_redelivery() {
    let broker = Broker::new().await;
    let counted = || with([("x-delivery-count", AMQPValue::LongLongInt(9))]);
    let mut received = broker.send(BasicProperties::default()).await;
    received.properties = counted();
    assert_eq!(received.clone().authenticated(&key(), true).deliveries(), 9);
    assert_eq!(received.authenticated(&key(), false).deliveries(), 0);
}

#[tokio::test]
async fn a_replay_stays_authenticated() {
    let broker = Broker::new().await;
    let back = first(parked(&broker).await);
    broker.publisher.publish(failed(&back).signed(&key())).await.unwrap();
    for replays in 1..=2 {
        let letter = dead_letter(&broker.channel).await;
        let replay = Message::replay(&letter, Some(&key())).unwrap();
        broker.publisher.publish(replay).await.unwrap();
        let received = first(broker.open_request().await);
        assert_eq!(number(headers(&received), "postern-replays"), replays);
        assert_origin(headers(&received));
        assert_eq!(received.deliveries(), 0);
        broker.publisher.publish(failed(&received).signed(&key())).await.unwrap();
    }
    // Without a key, the origin counts and the number of replays does not.
    let letter = dead_letter(&broker.channel).await;
    broker.publisher.publish(Message::replay(&letter, None).unwrap()).await.unwrap();
    let received = broker.open_request().await;
    assert_eq!(number(headers(&received), "postern-replays"), 3);
    let received = first(received);
    assert!(!headers(&received).contains_key("postern-replays"));
    assert_origin(headers(&received));
}

/// A dead letter of the broker was handled by no worker: all its headers are the publisher's.
#[tokio::test]
async fn a_replay_authenticates_no_headers_of_a_publisher() {
    let broker = Broker::new().await;
    broker.publisher.publish(Message { properties: forged(), ..original("") }).await.unwrap();
    return_unsettled(&broker.channel, names::OPEN_REQUESTS_QUEUE, OVER_THE_LIMIT).await;
    let letter = dead_letter(&broker.channel).await;
    // As it is shown.
    assert_eq!(DeadLetterHeaders::read(&letter).replays, 7);

    let replay = Message::replay(&letter, Some(&key())).unwrap();
    broker.publisher.publish(replay).await.unwrap();
    let received = first(broker.open_request().await);
    assert!(!headers(&received).contains_key("postern-replays"));
    assert_eq!(received.deliveries(), 0);
    assert_origin(headers(&received));
}

#[test]
fn a_message_without_headers_stays_without() {
    let received = ReceivedMessage {
        exchange: names::INBOUND_EXCHANGE.to_owned(),
        routing_key: "lock.open-request".to_owned(),
        queue: names::OPEN_REQUESTS_QUEUE.to_owned(),
        properties: BasicProperties::default(),
        body: Vec::new(),
    };
    assert_eq!(first(received.clone()), received);
    let empty = BasicProperties::default().with_headers(FieldTable::default());
    let received = ReceivedMessage { properties: empty, ..received };
    assert_eq!(first(received.clone()), received);
    assert_eq!(format!("{:?}", key()), "HeaderKey(***)");
}
