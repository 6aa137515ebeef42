//! Properties of a message that is published again.

use events::{DecodeErrorKind, names};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use publisher::{DeadLetter, Message, ReceivedMessage};

use crate::fixtures::{at, dead_letter, original, text};
use crate::parking_broker::Broker;

fn received(properties: BasicProperties) -> ReceivedMessage {
    ReceivedMessage {
        exchange: names::INBOUND_EXCHANGE.to_owned(),
        routing_key: "lock.open-request.acme".to_owned(),
        queue: names::OPEN_REQUESTS_QUEUE.to_owned(),
        properties,
        body: b"\xff not json".to_vec(),
    }
}

fn malformed(received: &ReceivedMessage) -> Message {
    let reason = DecodeErrorKind::Malformed.into();
    let failure = DeadLetter { reason, detail: "no JSON", attempts: 0, answer: None };
    Message::dead_letter(received, &failure, at("2026-03-01T12:00:00Z"))
}

/// Every size of headers at which they are just kept or just dropped.
#[tokio::test]
async fn the_longest_properties_fit_beside_the_largest_headers() {
    let broker = Broker::new().await;
    let longest = || ShortString::from("x".repeat(255));
    let mut kept = Vec::new();
    for size in (128_000..129_000).step_by(25) {
        let mut headers = FieldTable::default();
        headers.insert("large".into(), AMQPValue::LongString("x".repeat(size).into()));
        let properties = original("hotel")
            .properties
            .with_content_type(longest())
            .with_content_encoding(longest())
            .with_correlation_id(longest())
            .with_reply_to(longest())
            .with_message_id(longest())
            .with_type(longest())
            .with_app_id(longest())
            .with_cluster_id(longest())
            .with_headers(headers);
        broker.publisher.publish(malformed(&received(properties))).await.unwrap();
        let letter = dead_letter(&broker.channel).await;
        assert_eq!(letter.properties.cluster_id(), &Some(longest()));
        let headers = letter.properties.headers().as_ref().unwrap();
        assert_eq!(text(headers, "postern-reason"), "malformed");
        kept.push(headers.contains_key("large"));
    }
    assert_eq!((kept.first(), kept.last()), (Some(&true), Some(&false)));
}

/// The broker closes the channel of a publisher that uses this name and waits for no answers.
#[tokio::test]
async fn a_request_for_a_direct_answer_is_not_repeated() {
    let broker = Broker::new().await;
    let asking = original("hotel").properties.with_reply_to("amq.rabbitmq.reply-to".into());
    broker.publisher.publish(malformed(&received(asking))).await.unwrap();
    let letter = dead_letter(&broker.channel).await;
    assert_eq!(letter.properties.reply_to(), &None);
    assert_eq!(letter.properties.priority(), &Some(3));

    let queue = "amq.rabbitmq.reply-to.g2dkAAhyYWJiaXRAYQ";
    let asking = original("hotel").properties.with_reply_to(queue.into());
    broker.publisher.publish(malformed(&received(asking))).await.unwrap();
    let letter = dead_letter(&broker.channel).await;
    assert_eq!(letter.properties.reply_to().as_ref().unwrap().as_str(), queue);
}
