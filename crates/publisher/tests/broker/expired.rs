//! Dead letters that the broker makes of expired messages.

use events::names;
use lapin::BasicProperties;
use publisher::{DeadLetterHeaders, Message, ReceivedMessage};

use crate::fixtures::{OVER_THE_LIMIT, dead_letter, original, return_unsettled};
use crate::parking_broker::{Broker, SHORTEST, assert_origin, headers};

/// Short, so that the message expires before anything receives it.
fn expiring() -> BasicProperties {
    BasicProperties::default().with_expiration("1".into())
}

async fn publish(broker: &Broker, properties: BasicProperties) {
    broker.publisher.publish(Message { properties, ..original("") }).await.unwrap();
}

fn assert_reason(letter: &ReceivedMessage, reason: &str) {
    for exchange in [names::DEAD_LETTER_EXCHANGE, ""] {
        // As received, and as moved by hand.
        let letter = ReceivedMessage { exchange: exchange.to_owned(), ..letter.clone() };
        let read = DeadLetterHeaders::read(&letter);
        let found = (read.reason.as_str(), read.queue.as_deref());
        assert_eq!(found, (reason, Some("postern.open-requests")));
        assert!(read.failed_at.is_some() && read.attempts.is_none() && read.detail.is_some());
    }
}

#[tokio::test]
async fn a_message_that_expired_in_its_queue_has_the_reason_expired() {
    let broker = Broker::new().await;
    publish(&broker, expiring()).await;
    let letter = dead_letter(&broker.channel).await;
    assert_reason(&letter, "expired");

    // A replay does not expire. Delivered too often, it has the later reason.
    broker.publisher.publish(Message::replay(&letter, None).unwrap()).await.unwrap();
    return_unsettled(&broker.channel, names::OPEN_REQUESTS_QUEUE, OVER_THE_LIMIT).await;
    let letter = dead_letter(&broker.channel).await;
    assert_reason(&letter, "delivery_limit");
    broker.publisher.publish(Message::replay(&letter, None).unwrap()).await.unwrap();
    assert_origin(headers(&broker.open_request().await));
}

/// A parked message expires in its retry queue, which ends its wait. What counts is its end in the work
/// queue.
#[tokio::test]
async fn the_end_of_a_wait_is_not_the_reason_expired() {
    let broker = Broker::new().await;
    let received = broker.send(BasicProperties::default()).await;
    let mut parked = Message::parked(&received, SHORTEST);
    broker.publisher.publish(parked.clone()).await.unwrap();
    return_unsettled(&broker.channel, names::OPEN_REQUESTS_QUEUE, OVER_THE_LIMIT).await;
    assert_reason(&dead_letter(&broker.channel).await, "delivery_limit");

    // The same message, expired in the work queue.
    parked.routing_key = names::OPEN_REQUESTS_QUEUE.to_owned();
    parked.properties = parked.properties.with_expiration("1".into());
    broker.publisher.publish(parked).await.unwrap();
    assert_reason(&dead_letter(&broker.channel).await, "expired");
}
