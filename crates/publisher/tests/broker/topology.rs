//! Declaring the topology.

use events::names;
use lapin::ExchangeKind;
use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use publisher::{QueueState, TopologyError, TopologyKind, declare, queue_state};

use crate::fixtures::message;
use crate::virtual_host::{VirtualHost, take};

#[tokio::test]
async fn declaring_twice_changes_nothing() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    declare(&connection).await.unwrap();
    declare(&connection).await.unwrap();

    let publisher = host.publisher(1).await;
    let channel = connection.create_channel().await.unwrap();
    for (key, queue) in [
        ("booking.status", names::BOOKING_STATUS_QUEUE),
        ("booking.status.acme.utrecht", names::BOOKING_STATUS_QUEUE),
        ("lock.open-request", names::OPEN_REQUESTS_QUEUE),
        ("lock.open-request.acme", names::OPEN_REQUESTS_QUEUE),
    ] {
        publisher.publish(message(names::INBOUND_EXCHANGE, key, key)).await.unwrap();
        assert_eq!(take(&channel, queue).await.delivery.data, key.as_bytes());
        assert_eq!(
            queue_state(&channel, queue).await.unwrap(),
            QueueState { ready: 0, consumers: 0 }
        );
    }
}

/// The arguments of a work queue, written a second time.
fn work_arguments() -> Vec<(&'static str, AMQPValue)> {
    let text = |text: &str| AMQPValue::LongString(text.into());
    vec![
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongInt(100)),
        ("x-dead-letter-exchange", text("postern.dead-letter")),
        ("x-dead-letter-routing-key", text("postern.open-requests.delivery_limit")),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-overflow", text("reject-publish")),
    ]
}

#[tokio::test]
async fn a_queue_that_differs_in_one_argument_is_a_conflict_that_names_it() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    let channel = connection.create_channel().await.unwrap();
    for (other, value, found) in [
        ("x-delivery-limit", AMQPValue::LongInt(7), "'7'"),
        ("x-dead-letter-exchange", AMQPValue::LongString("dlx".into()), "'dlx'"),
        ("x-dead-letter-routing-key", AMQPValue::LongString("key".into()), "'key'"),
        ("x-dead-letter-strategy", AMQPValue::LongString("at-most-once".into()), "'at-most-once'"),
        ("x-overflow", AMQPValue::LongString("drop-head".into()), "'drop-head'"),
    ] {
        let mut arguments = FieldTable::default();
        for (name, wanted) in work_arguments() {
            let value = if name == other { value.clone() } else { wanted };
            arguments.insert(name.into(), value);
        }
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let queue = names::OPEN_REQUESTS_QUEUE;
        channel.queue_declare(queue.into(), durable, arguments).await.unwrap();

        let error = declare(&connection).await.unwrap_err();
        assert!(
            matches!(&error, TopologyError::Conflict { kind: TopologyKind::Queue, name, .. } if name == queue),
            "{other}: {error:?}"
        );
        assert!(!error.may_pass());
        for wanted in [queue, other, found] {
            assert!(error.to_string().contains(wanted), "{wanted} is missing: {error}");
        }
        // The conflict does not close the connection.
        assert!(connection.status().connected());
        channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    }
    declare(&connection).await.unwrap();
}

#[tokio::test]
async fn a_retry_queue_that_differs_in_one_argument_is_a_conflict_that_names_it() {
    let text = |text: &str| AMQPValue::LongString(text.into());
    let queue = "postern.retry.open-requests.4s";
    let right = [
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongInt(1_000_000_000)),
        ("x-message-ttl", AMQPValue::LongInt(4000)),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text("postern.open-requests")),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-overflow", text("reject-publish")),
    ];
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    let channel = connection.create_channel().await.unwrap();
    for (other, value) in [
        ("x-delivery-limit", AMQPValue::LongInt(20)),
        ("x-message-ttl", AMQPValue::LongInt(4001)),
        ("x-dead-letter-exchange", text("postern.inbound")),
        ("x-dead-letter-routing-key", text("postern.booking-status")),
        ("x-dead-letter-strategy", text("at-most-once")),
        ("x-overflow", text("drop-head")),
    ] {
        let mut arguments = FieldTable::default();
        for (name, wanted) in right.clone() {
            arguments.insert(name.into(), if name == other { value.clone() } else { wanted });
        }
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(queue.into(), durable, arguments).await.unwrap();

        let error = declare(&connection).await.unwrap_err();
        assert!(
            matches!(&error, TopologyError::Conflict { kind: TopologyKind::Queue, name, .. } if name == queue),
            "{other}: {error:?}"
        );
        assert!(error.to_string().contains(other), "{other} is missing: {error}");
        channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
    }
    declare(&connection).await.unwrap();
}

#[tokio::test]
async fn dead_letters_in_a_queue_that_would_drop_them_are_a_conflict() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    let channel = connection.create_channel().await.unwrap();
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(names::DEAD_LETTERS_QUEUE.into(), durable, arguments).await.unwrap();

    let error = declare(&connection).await.unwrap_err();
    for wanted in ["postern.dead-letters", "x-delivery-limit", "current is none"] {
        assert!(error.to_string().contains(wanted), "{wanted} is missing: {error}");
    }
}

#[tokio::test]
async fn a_classic_queue_of_that_name_is_a_conflict() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    let channel = connection.create_channel().await.unwrap();
    let queue = names::BOOKING_STATUS_QUEUE;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), durable, FieldTable::default()).await.unwrap();

    let error = declare(&connection).await.unwrap_err();
    assert!(matches!(&error, TopologyError::Conflict { name, .. } if name == queue), "{error:?}");
}

#[tokio::test]
async fn an_exchange_of_another_kind_is_a_conflict_that_names_it() {
    let host = VirtualHost::create().await;
    let channel = host.channel().await;
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let fanout = ExchangeKind::Fanout;
    channel
        .exchange_declare(names::OUTBOUND_EXCHANGE.into(), fanout, durable, FieldTable::default())
        .await
        .unwrap();

    let error = declare(&host.connect().await).await.unwrap_err();
    assert!(
        matches!(&error, TopologyError::Conflict { kind: TopologyKind::Exchange, .. }),
        "{error:?}"
    );
    let text = error.to_string();
    for wanted in ["postern.outbound", "'type'", "'topic'", "'fanout'"] {
        assert!(text.contains(wanted), "{wanted} is missing: {text}");
    }
}

#[tokio::test]
async fn the_state_of_a_missing_queue_is_an_error() {
    let host = VirtualHost::create().await;
    let error = queue_state(&host.channel().await, "nowhere").await.unwrap_err();
    assert!(error.to_string().contains("NOT_FOUND"), "{error}");
}
