use std::time::{Duration, Instant};

use publisher::{PublishError, Publisher, connect};
use tokio::task::JoinHandle;

use crate::link::Link;
use crate::publishing::message;
use crate::virtual_host::{DEADLINE, VirtualHost, bound_queue};

const CONFIRM_TIMEOUT: Duration = Duration::from_secs(3);

/// What the publishes of one task came to, in order.
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
    // The broker lists a connection a moment after it stands.
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
async fn every_publish_is_answered_when_the_wire_is_cut() {
    let host = VirtualHost::create().await;
    bound_queue(&host.channel().await, "here", "amq.topic", "here").await;
    let link = Link::to(host.url()).await;
    let connection = connect(link.url().as_str(), "test", DEADLINE).await.unwrap();
    let publisher = Publisher::open(connection, 8, CONFIRM_TIMEOUT).await.unwrap();
    let load = under_load(&publisher).await;

    link.cut();
    tokio::time::timeout(DEADLINE, publisher.closed()).await.unwrap();
    assert_all_answered(&publisher, load).await;
}

/// Heartbeats find out what no error tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broker_that_freezes_is_noticed() {
    let host = VirtualHost::create().await;
    let link = Link::to(host.url()).await;
    let mut url = link.url().clone();
    url.set_query(Some("heartbeat=1"));
    let connection = connect(url.as_str(), "test", DEADLINE).await.unwrap();
    let publisher = Publisher::open(connection, 1, CONFIRM_TIMEOUT).await.unwrap();

    link.hold();
    let reason = tokio::time::timeout(DEADLINE, publisher.closed()).await.unwrap();
    assert!(reason.contains("heartbeat"), "{reason}");
}

#[tokio::test]
async fn closing_is_seen_by_everybody_who_asks() {
    let host = VirtualHost::create().await;
    let publisher = host.publisher(1).await;
    let (first, second) = (publisher.clone(), publisher.clone());
    let asking = tokio::spawn(async move { tokio::join!(first.closed(), second.closed()) });
    publisher.close().await;
    tokio::time::timeout(DEADLINE, asking).await.unwrap().unwrap();
    assert!(publisher.is_closed());
    // And also by those who ask afterwards.
    tokio::time::timeout(DEADLINE, publisher.closed()).await.unwrap();
}

/// Starts tasks that publish until it fails, and waits until each has got through once.
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
        let mut answers = tokio::time::timeout(DEADLINE, task).await.expect("it hangs").unwrap();
        let error = answers.pop().unwrap().unwrap_err();
        assert!(matches!(error, PublishError::Lost(_)), "{error:?}");
        assert!(answers.iter().all(Result::is_ok));
    }
    assert!(publisher.is_closed());
    let error = publisher.publish(message("amq.topic", "here", "x")).await.unwrap_err();
    assert!(matches!(error, PublishError::Lost(_)), "{error:?}");
}
