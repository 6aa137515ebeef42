//! The headers of parked messages that become dead letters or are replayed.

use events::names;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use publisher::{DeadLetterHeaders, Message, ReceivedMessage};

use crate::fixtures::{OVER_THE_LIMIT, dead_letter, return_unsettled, text};
use crate::parking_broker::{
    Broker, SHORTEST, array, assert_origin, failed, headers, record, string, with, x_death_record,
    x_death_records,
};
use crate::virtual_host::bound_queue;

#[tokio::test]
async fn a_dead_letter_has_the_origin_and_no_record_of_a_wait() {
    let broker = Broker::new().await;
    let own = || with([("tenant", string("acme"))]);
    let mut received = broker.park(&broker.send(own()).await).await;
    // Parked, failed, replayed; and once more.
    for replays in [0, 1] {
        broker.publisher.publish(failed(&received)).await.unwrap();
        let letter = dead_letter(&broker.channel).await;
        let read = DeadLetterHeaders::read(&letter);
        let found = (read.reason.as_str(), read.queue.as_deref(), read.replays);
        assert_eq!(found, ("iq_offline", Some("postern.open-requests"), replays));
        assert_origin(headers(&letter));
        let names = headers(&letter).inner().keys().map(|name| name.as_str());
        // Some brokers add it at every delivery.
        let names: Vec<_> = names.filter(|name| *name != "x-delivery-count").collect();
        let wanted = [
            "postern-attempts",
            "postern-detail",
            "postern-exchange",
            "postern-failed-at",
            "postern-queue",
            "postern-reason",
            "postern-replays",
            "postern-routing-key",
            "tenant",
        ];
        assert_eq!(names, wanted);
        broker.publisher.publish(Message::replay(&letter, None).unwrap()).await.unwrap();
        received = broker.park(&broker.open_request().await).await;
    }
}

#[tokio::test]
async fn a_dead_letter_of_the_broker_of_a_parked_message_has_the_delivery_limit_as_reason() {
    let broker = Broker::new().await;
    let received = broker.send(BasicProperties::default()).await;
    broker.publisher.publish(Message::parked(&received, SHORTEST)).await.unwrap();
    return_unsettled(&broker.channel, names::OPEN_REQUESTS_QUEUE, OVER_THE_LIMIT).await;

    let letter = dead_letter(&broker.channel).await;
    let waited = record("postern.retry.open-requests.250ms", 1);
    assert_eq!(x_death_records(headers(&letter)), [record("postern.open-requests", 1), waited]);
    for exchange in [names::DEAD_LETTER_EXCHANGE, ""] {
        // As received, and as moved by hand.
        let letter = ReceivedMessage { exchange: exchange.to_owned(), ..letter.clone() };
        let read = DeadLetterHeaders::read(&letter);
        let found = (read.reason.as_str(), read.queue.as_deref());
        assert_eq!(found, ("delivery_limit", Some("postern.open-requests")));
    }
    broker.publisher.publish(Message::replay(&letter, None).unwrap()).await.unwrap();
    let again = broker.open_request().await;
    assert_origin(headers(&again));
    assert_eq!(x_death_records(headers(&again)), []);
    assert_origin(headers(&broker.park(&again).await));
}

/// A message moved by hand out of a retry queue: its wait there is not the work queue's delivery limit.
#[tokio::test]
async fn a_wait_in_a_retry_queue_is_not_the_delivery_limit() {
    let broker = Broker::new().await;
    let back = broker.park(&broker.send(BasicProperties::default()).await).await;
    let letter = ReceivedMessage { queue: names::DEAD_LETTERS_QUEUE.to_owned(), ..back };
    let read = DeadLetterHeaders::read(&letter);
    let found = (read.reason.as_str(), read.queue.as_deref());
    assert_eq!(found, ("unknown", Some("postern.open-requests")));
    let replay = Message::replay(&letter, None).unwrap();
    assert_eq!(x_death_records(replay.properties.headers().as_ref().unwrap()), []);
}

/// With each of these, RabbitMQ 3 would drop the message on the way back, or stop dead-lettering.
#[tokio::test]
async fn records_that_would_harm_the_message_are_removed() {
    let broker = Broker::new().await;
    let raw = |text: &str| AMQPValue::ByteArray(text.as_bytes().into());
    let one = || AMQPValue::LongLongInt(1);
    let fine = || x_death_record(string("elsewhere"), one());
    let kept = broker.kept([record("elsewhere", 1)]).await;
    for (what, header) in [
        (
            "its own queue",
            array(vec![fine(), x_death_record(string("postern.open-requests"), one())]),
        ),
        (
            "a retry queue, uncountable",
            array(vec![
                x_death_record(string("postern.retry.open-requests.250ms"), string("x")),
                fine(),
            ]),
        ),
        (
            "a retry queue, as bytes",
            array(vec![
                x_death_record(raw("postern.retry.open-requests.250ms"), string("x")),
                fine(),
            ]),
        ),
        ("no table", array(vec![AMQPValue::LongInt(1), fine()])),
        ("text", array(vec![string("{queue=elsewhere}"), string("expired"), fine()])),
        ("nothing known", array(vec![AMQPValue::FieldTable(FieldTable::default()), fine()])),
    ] {
        let back = broker.park(&broker.send(with([("x-death", header)])).await).await;
        let waited = vec![record("postern.retry.open-requests.250ms", 1)];
        assert_eq!(x_death_records(headers(&back)), [waited, kept.clone()].concat(), "{what}");
    }
}

/// They were meant for the exchange of the first received. The default exchange takes them as queues.
#[tokio::test]
async fn additional_routing_keys_make_no_copies() {
    let broker = Broker::new().await;
    bound_queue(&broker.channel, "audit", names::INBOUND_EXCHANGE, "nothing").await;
    let keys = || array(vec![string("audit"), string("postern.open-requests")]);
    let received = broker.send(with([("CC", keys()), ("tenant", string("acme"))])).await;
    assert!(headers(&received).contains_key("CC"));

    // The dead letter keeps them: all queues of its exchange are for dead letters.
    broker.publisher.publish(failed(&received)).await.unwrap();
    let letter = dead_letter(&broker.channel).await;
    assert_eq!(headers(&letter).inner().get("CC"), Some(&keys()));
    assert!(broker.is_empty(names::DEAD_LETTERS_QUEUE).await);
    assert!(broker.is_empty(names::OPEN_REQUESTS_QUEUE).await);
    assert!(broker.is_empty("audit").await, "a copy of the dead letter");

    broker.publisher.publish(Message::replay(&letter, None).unwrap()).await.unwrap();
    assert!(broker.is_empty("audit").await, "a copy of the replay");
    assert_eq!(text(headers(&broker.open_request().await), "tenant"), "acme");

    broker.publisher.publish(Message::parked(&received, SHORTEST)).await.unwrap();
    assert!(broker.is_empty("audit").await, "a copy of the parked message");
    assert_eq!(broker.open_request().await.routing_key, "postern.open-requests");
    assert!(broker.is_empty(names::OPEN_REQUESTS_QUEUE).await);
}
