use std::sync::Arc;
use std::time::Duration;

use events::names;
use lapin::BasicProperties;
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use publisher::{Message, PublishError, Publisher, declare, queue_state};

use crate::link::Link;
use crate::virtual_host::{DEADLINE, VirtualHost, bound_queue, take};

pub(crate) fn message(exchange: &str, routing_key: &str, body: &str) -> Message {
    Message {
        exchange: exchange.to_owned(),
        routing_key: routing_key.to_owned(),
        body: body.as_bytes().to_vec(),
        properties: BasicProperties::default(),
    }
}

#[tokio::test]
async fn nobody_bound_is_a_failure_until_somebody_is() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    declare(&connection).await.unwrap();
    let publisher = host.publisher(2).await;
    let opened = || message(names::OUTBOUND_EXCHANGE, "lock.opened.acme", "opened");

    let error = publisher.publish(opened()).await.unwrap_err();
    assert!(
        matches!(&error, PublishError::Returned { reply_code: 312, reply_text } if reply_text == "NO_ROUTE"),
        "{error:?}"
    );

    let channel = connection.create_channel().await.unwrap();
    bound_queue(&channel, "hotel", names::OUTBOUND_EXCHANGE, "lock.#").await;
    publisher.publish(opened()).await.unwrap();
    let delivery = take(&channel, "hotel").await.delivery;
    assert_eq!(delivery.data, b"opened");
    assert_eq!(delivery.properties.delivery_mode(), &Some(2), "persistent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_of_many_tasks_gets_the_answer_to_its_own_message() {
    let host = VirtualHost::create().await;
    let channel = host.channel().await;
    bound_queue(&channel, "even", "amq.topic", "yes").await;
    let publisher = host.publisher(8).await;

    let tasks: Vec<_> = (0..2000)
        .map(|number| {
            let publisher = publisher.clone();
            let routed = number % 7 != 0;
            let key = if routed { "yes" } else { "no" };
            tokio::spawn(async move {
                let answer = publisher.publish(message("amq.topic", key, "x")).await;
                match answer {
                    Ok(()) => assert!(routed, "{number} was said to be stored"),
                    Err(PublishError::Returned { .. }) => assert!(!routed, "{number} was returned"),
                    Err(error) => panic!("{number}: {error}"),
                }
                u32::from(routed)
            })
        })
        .collect();
    let mut stored = 0;
    for task in tasks {
        stored += task.await.unwrap();
    }
    assert_eq!(queue_state(&channel, "even").await.unwrap().ready, stored);
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let host = VirtualHost::create().await;
    let channel = host.channel().await;
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(1));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let options = QueueDeclareOptions::default();
    channel.queue_declare("small".into(), options, arguments).await.unwrap();

    let publisher = host.publisher(1).await;
    publisher.publish(message("", "small", "first")).await.unwrap();
    let error = publisher.publish(message("", "small", "second")).await.unwrap_err();
    assert!(matches!(error, PublishError::Refused), "{error:?}");

    take(&channel, "small").await;
    publisher.publish(message("", "small", "third")).await.unwrap();
}

#[tokio::test]
async fn a_missing_exchange_costs_the_channel_and_not_the_publisher() {
    let host = VirtualHost::create().await;
    let channel = host.channel().await;
    bound_queue(&channel, "here", "amq.topic", "here").await;
    let publisher = host.publisher(1).await;
    for _ in 0..3 {
        let error = publisher.publish(message("nowhere", "here", "x")).await.unwrap_err();
        assert!(matches!(error, PublishError::Lost(_)), "{error:?}");
        assert!(!publisher.is_closed());
        publisher.publish(message("amq.topic", "here", "x")).await.unwrap();
    }
}

/// Dropped with the confirm outstanding, the channel must not serve the next message: that one
/// would take the first one's answer for its own.
#[tokio::test]
async fn a_dropped_publish_leaves_its_answer_to_nobody() {
    let host = VirtualHost::create().await;
    let channel = host.channel().await;
    bound_queue(&channel, "here", "amq.topic", "here").await;
    let link = Link::to(host.url()).await;
    let publisher = through(&link, DEADLINE).await;

    for round in 1..=20 {
        assert_eq!(link.channels_opened(), round, "one more for each that was dropped");
        link.hold();
        let unroutable = publisher.publish(message("amq.topic", "nowhere", "x"));
        // Long enough to be on its way, and it cannot be answered.
        assert!(tokio::time::timeout(Duration::from_millis(20), unroutable).await.is_err());
        link.release();
        publisher.publish(message("amq.topic", "here", "x")).await.unwrap();
    }
    assert_eq!(queue_state(&channel, "here").await.unwrap().ready, 20);
}

#[tokio::test]
async fn an_answer_that_is_late_is_a_failure_and_spoils_nothing() {
    let host = VirtualHost::create().await;
    let channel = host.channel().await;
    bound_queue(&channel, "here", "amq.topic", "here").await;
    let link = Link::to(host.url()).await;
    let publisher = through(&link, Duration::from_millis(300)).await;

    link.hold();
    let answer =
        tokio::time::timeout(DEADLINE, publisher.publish(message("amq.topic", "here", "x")));
    let error = answer.await.unwrap().unwrap_err();
    assert!(matches!(error, PublishError::Unconfirmed(_)), "{error:?}");
    link.release();

    // The first may meet the channel that is still being closed behind the held wire.
    let unroutable = publisher.publish(message("amq.topic", "nowhere", "x")).await.unwrap_err();
    assert!(matches!(unroutable, PublishError::Returned { .. }), "{unroutable:?}");
    publisher.publish(message("amq.topic", "here", "x")).await.unwrap();
}

#[tokio::test]
async fn more_tasks_than_channels_wait_their_turn() {
    let host = VirtualHost::create().await;
    let channel = host.channel().await;
    bound_queue(&channel, "here", "amq.topic", "here").await;
    let publisher = Arc::new(host.publisher(1).await);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let publisher = publisher.clone();
            tokio::spawn(async move { publisher.publish(message("amq.topic", "here", "x")).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

async fn through(link: &Link, confirm_timeout: Duration) -> Publisher {
    let connection = publisher::connect(link.url().as_str(), "test", DEADLINE).await.unwrap();
    Publisher::open(connection, 1, confirm_timeout).await.unwrap()
}
