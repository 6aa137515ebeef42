//! Publishing with confirms.

use std::sync::Arc;
use std::time::Duration;

use events::names;
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use publisher::{PublishError, Publisher, declare, queue_state};

use crate::fixtures::message;
use crate::proxy::Proxy;
use crate::virtual_host::{DEADLINE, VirtualHost, bound_queue, take};

#[tokio::test]
async fn a_message_without_a_bound_queue_is_returned() {
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
                    Ok(()) => assert!(routed, "{number} was confirmed"),
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
async fn a_missing_exchange_closes_the_channel_and_not_the_publisher() {
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

/// The channel of a dropped publish must not be used for the next message, which would take the missing
/// answer for its own.
#[tokio::test]
async fn the_channel_of_a_dropped_publish_is_not_used_again() {
    let host = VirtualHost::create().await;
    let channel = host.channel().await;
    bound_queue(&channel, "here", "amq.topic", "here").await;
    let proxy = Proxy::start(host.url()).await;
    let publisher = through(&proxy, DEADLINE).await;

    for channels in 1..=20 {
        assert_eq!(proxy.channels_opened(), channels, "one more for each that was dropped");
        proxy.hold();
        let unroutable = publisher.publish(message("amq.topic", "nowhere", "x"));
        // It is sent within this time, and cannot be answered.
        assert!(tokio::time::timeout(Duration::from_millis(20), unroutable).await.is_err());
        proxy.release();
        publisher.publish(message("amq.topic", "here", "x")).await.unwrap();
    }
    assert_eq!(queue_state(&channel, "here").await.unwrap().ready, 20);
}

#[tokio::test]
async fn a_late_answer_is_an_error_and_does_not_affect_later_publishes() {
    let host = VirtualHost::create().await;
    let channel = host.channel().await;
    bound_queue(&channel, "here", "amq.topic", "here").await;
    let proxy = Proxy::start(host.url()).await;
    let publisher = through(&proxy, Duration::from_millis(300)).await;

    proxy.hold();
    let answer =
        tokio::time::timeout(DEADLINE, publisher.publish(message("amq.topic", "here", "x")));
    let error = answer.await.unwrap().unwrap_err();
    assert!(matches!(error, PublishError::Unconfirmed(_)), "{error:?}");
    proxy.release();

    // The next one may meet the channel that is still being closed behind the held connection.
    let unroutable = publisher.publish(message("amq.topic", "nowhere", "x")).await.unwrap_err();
    assert!(matches!(unroutable, PublishError::Returned { .. }), "{unroutable:?}");
    publisher.publish(message("amq.topic", "here", "x")).await.unwrap();
}

#[tokio::test]
async fn more_tasks_than_channels_wait_for_a_channel() {
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

async fn through(proxy: &Proxy, confirm_timeout: Duration) -> Publisher {
    let connection = publisher::connect(proxy.url().as_str(), "test", DEADLINE).await.unwrap();
    Publisher::open(connection, 1, confirm_timeout).await.unwrap()
}
