//! A broker that blocks publishers: the proxy sends the notices of a memory alarm.

use std::time::Duration;

use publisher::{PublishError, Publisher};

use crate::fixtures::message;
use crate::proxy::Proxy;
use crate::virtual_host::{DEADLINE, VirtualHost, bound_queue};

const BLOCKED: [u8; 4] = [0, 10, 0, 60];
const UNBLOCKED: [u8; 4] = [0, 10, 0, 61];
const CONFIRM_TIMEOUT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_publish_waits_while_the_broker_blocks_publishers() {
    let host = VirtualHost::create().await;
    bound_queue(&host.channel().await, "here", "amq.topic", "here").await;
    let proxy = Proxy::start(host.url()).await;
    let connection = publisher::connect(proxy.url().as_str(), "test", DEADLINE).await.unwrap();
    let publisher = Publisher::open(connection, 1, CONFIRM_TIMEOUT).await.unwrap();
    publisher.probe().await.unwrap();
    assert!(!publisher.is_blocked());

    for _ in 0..2 {
        proxy.inject(BLOCKED, "low on memory");
        let reason = tokio::time::timeout(DEADLINE, publisher.blocked()).await.unwrap();
        assert_eq!((reason.as_str(), publisher.is_blocked()), ("low on memory", true));
        let mut publish = Box::pin(publisher.publish(message("amq.topic", "here", "x")));
        let waited = tokio::time::timeout(CONFIRM_TIMEOUT * 4, &mut publish).await;
        assert!(waited.is_err(), "{waited:?}");
        proxy.inject(UNBLOCKED, "");
        tokio::time::timeout(DEADLINE, publish).await.unwrap().unwrap();
        tokio::time::timeout(DEADLINE, publisher.unblocked()).await.unwrap();
        assert!(!publisher.is_blocked());
    }

    // The time counts from the end of the alarm.
    proxy.inject(BLOCKED, "low on disk");
    tokio::time::timeout(DEADLINE, publisher.blocked()).await.unwrap();
    let publish = publisher.publish(message("amq.topic", "here", "x"));
    proxy.inject(UNBLOCKED, "");
    proxy.hold();
    let answer = tokio::time::timeout(DEADLINE, publish).await.unwrap();
    assert!(matches!(answer, Err(PublishError::Unconfirmed(_))), "{answer:?}");
}

#[tokio::test]
async fn a_blocked_publisher_closes_without_waiting() {
    let host = VirtualHost::create().await;
    let proxy = Proxy::start(host.url()).await;
    let connection = publisher::connect(proxy.url().as_str(), "test", DEADLINE).await.unwrap();
    let publisher = Publisher::open(connection, 1, DEADLINE).await.unwrap();
    proxy.inject(BLOCKED, "low on memory");
    tokio::time::timeout(DEADLINE, publisher.blocked()).await.unwrap();
    tokio::time::timeout(DEADLINE / 4, publisher.close()).await.unwrap();
}
