use std::time::Duration;

use events::names;
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use publisher::{Part, PartState, QueueState, declare, inspect, server_version};

use crate::publishing::message;
use crate::virtual_host::VirtualHost;

fn state<'a>(parts: &'a [Part], name: &str) -> &'a PartState {
    &parts.iter().find(|part| part.name == name).unwrap().state
}

#[tokio::test]
async fn what_is_missing_stays_missing() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    for _ in 0..2 {
        let parts = inspect(&connection).await;
        assert_eq!(parts.len(), 11);
        for part in &parts {
            assert!(matches!(part.state, PartState::Missing), "{part:?}");
        }
    }
    assert!(connection.status().connected());
}

#[tokio::test]
async fn what_stands_is_told_with_what_waits_in_it() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    declare(&connection).await.unwrap();
    let publisher = host.publisher(1).await;
    publisher.publish(message(names::INBOUND_EXCHANGE, "lock.open-request", "r")).await.unwrap();

    let parts = inspect(&connection).await;
    for part in &parts {
        assert!(matches!(part.state, PartState::Stands(_)), "{part:?}");
    }
    let waiting = QueueState { ready: 1, consumers: 0 };
    let found = state(&parts, names::OPEN_REQUESTS_QUEUE);
    assert!(matches!(found, PartState::Stands(Some(state)) if *state == waiting), "{found:?}");
    assert!(matches!(state(&parts, names::INBOUND_EXCHANGE), PartState::Stands(None)));
}

#[tokio::test]
async fn what_is_another_is_named_and_left_as_it_is() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    let channel = connection.create_channel().await.unwrap();
    let queue = "postern.retry.open-requests.4s";
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), durable, arguments.clone()).await.unwrap();

    let parts = inspect(&connection).await;
    let PartState::Trouble(error) = state(&parts, queue) else { panic!("{parts:?}") };
    assert!(!error.may_pass());
    assert!(error.to_string().contains("x-"), "{error}");
    channel.queue_declare(queue.into(), durable, arguments).await.unwrap();
    assert!(matches!(state(&parts, names::OPEN_REQUESTS_QUEUE), PartState::Missing));
}

#[tokio::test]
async fn the_broker_tells_its_version_and_others_none() {
    let host = VirtualHost::create().await;
    let patience = Duration::from_secs(10);
    let version = server_version(host.url().as_str(), patience).await.unwrap();
    let major: u32 = version.split('.').next().unwrap().parse().unwrap();
    assert!(major >= 3, "{version}");

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("amqp://{}", nobody.local_addr().unwrap());
    assert_eq!(server_version(&url, Duration::from_millis(300)).await, None);
}
