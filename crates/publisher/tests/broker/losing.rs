//! Lost connections.

use std::time::{Duration, Instant};

use publisher::{PublishError, Publisher, connect};
use tokio::task::JoinHandle;

use crate::fixtures::message;
use crate::proxy::Proxy;
use crate::virtual_host::{DEADLINE, VirtualHost, bound_queue};

const CONFIRM_TIMEOUT: Duration = Duration::from_secs(3);

/// The results of one task's publishes, in order.
type Answers = Vec<Result<(), PublishError>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_publish_is_answered_when_the_broker_closes_the_connection() {
    let host = VirtualHost::create().await;
    bound_queue(&host.channel().await, "here", "amq.topic", "here").await;
    let connection = host.connect().await;
    let publisher = Publisher::open(connection, 8, CONFIRM_TIMEOUT).await.unwrap();
    let load = under_load(&publisher).await;

    let closing = tokio::spawn({
        let publisher = publisher.clone();
        async move { publisher.closed().await }
    });
    // The broker lists a connection some time after it is open.
    let killing = async {
        while !closing.is_finished() {
            host.kill_connections().await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DEADLINE, killing).await.unwrap();
    let reason = closing.await.unwrap();
    assert!(reason.contains("CONNECTION_FORCED") || reason.contains("Closed"), "{reason}");
    assert_all_answered(&publisher, load).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_publish_is_answered_when_the_network_is_cut() {
    let host = VirtualHost::create().await;
    bound_queue(&host.channel().await, "here", "amq.topic", "here").await;
    let proxy = Proxy::start(host.url()).await;
    let connection = connect(proxy.url().as_str(), "test", DEADLINE).await.unwrap();
    let publisher = Publisher::open(connection, 8, CONFIRM_TIMEOUT).await.unwrap();
    let load = under_load(&publisher).await;

    proxy.cut();
    tokio::time::timeout(DEADLINE, publisher.closed()).await.unwrap();
    assert_all_answered(&publisher, load).await;
}

/// The heartbeat detects a loss that causes no error.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broker_that_freezes_is_noticed() {
    let host = VirtualHost::create().await;
    let proxy = Proxy::start(host.url()).await;
    let mut url = proxy.url().clone();
    url.set_query(Some("heartbeat=1"));
    let connection = connect(url.as_str(), "test", DEADLINE).await.unwrap();
    let publisher = Publisher::open(connection, 1, CONFIRM_TIMEOUT).await.unwrap();

    proxy.hold();
    let reason = tokio::time::timeout(DEADLINE, publisher.closed()).await.unwrap();
    assert!(reason.contains("heartbeat"), "{reason}");
}

#[tokio::test]
async fn every_listener_notices_a_closed_connection() {
    let host = VirtualHost::create().await;
    let publisher = host.publisher(1).await;
    let (first, second) = (publisher.clone(), publisher.clone());
    let listening = tokio::spawn(async move { tokio::join!(first.closed(), second.closed()) });
    publisher.close().await;
    tokio::time::timeout(DEADLINE, listening).await.unwrap().unwrap();
    assert!(publisher.is_closed());
    // A later listener notices it too.
    tokio::time::timeout(DEADLINE, publisher.closed()).await.unwrap();
}

/// Starts tasks that publish until an error, and waits until each has published once.
async fn under_load(publisher: &Publisher) -> Vec<JoinHandle<Answers>> {
    let (through, mut first) = tokio::sync::mpsc::channel(32);
    let tasks = (0..32)
        .map(|_| {
            let (publisher, through) = (publisher.clone(), through.clone());
            tokio::spawn(async move {
                let mut answers = Answers::new();
                loop {
                    let began = Instant::now();
                    answers.push(publisher.publish(message("amq.topic", "here", "x")).await);
                    assert!(began.elapsed() < CONFIRM_TIMEOUT + Duration::from_secs(2));
                    if answers.len() == 1 {
                        through.send(()).await.unwrap();
                    }
                    if answers.last().is_some_and(Result::is_err) {
                        return answers;
                    }
                }
            })
        })
        .collect();
    for _ in 0..32 {
        tokio::time::timeout(DEADLINE, first.recv()).await.unwrap();
    }
    tasks
}

async fn assert_all_answered(publisher: &Publisher, load: Vec<JoinHandle<Answers>>) {
    for task in load {
        let mut answers =
            tokio::time::timeout(DEADLINE, task).await.expect("the publish does not end").unwrap();
        let error = answers.pop().unwrap().unwrap_err();
        assert!(matches!(error, PublishError::Lost(_)), "{error:?}");
        assert!(answers.iter().all(Result::is_ok));
    }
    assert!(publisher.is_closed());
    let error = publisher.publish(message("amq.topic", "here", "x")).await.unwrap_err();
    assert!(matches!(error, PublishError::Lost(_)), "{error:?}");
}
