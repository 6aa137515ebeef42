//! Inspecting the topology.

use std::time::Duration;

use events::names;
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable};
use publisher::{QueueState, TopologyItem, TopologyItemState, declare, inspect, server_version};

use crate::fixtures::message;
use crate::virtual_host::VirtualHost;

fn state<'a>(items: &'a [TopologyItem], name: &str) -> &'a TopologyItemState {
    &items.iter().find(|item| item.name == name).unwrap().state
}

#[tokio::test]
async fn a_missing_item_stays_missing() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    for _ in 0..2 {
        let items = inspect(&connection).await;
        assert_eq!(items.len(), 15);
        for item in &items {
            assert!(matches!(item.state, TopologyItemState::Missing), "{item:?}");
        }
    }
    assert!(connection.status().connected());
}

#[tokio::test]
async fn a_present_queue_has_its_number_of_messages() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    declare(&connection).await.unwrap();
    let publisher = host.publisher(1).await;
    publisher.publish(message(names::INBOUND_EXCHANGE, "lock.open-request", "r")).await.unwrap();

    let items = inspect(&connection).await;
    for item in &items {
        assert!(matches!(item.state, TopologyItemState::Present(_)), "{item:?}");
    }
    let waiting = QueueState { ready: 1, consumers: 0 };
    let found = state(&items, names::OPEN_REQUESTS_QUEUE);
    assert!(
        matches!(found, TopologyItemState::Present(Some(state)) if *state == waiting),
        "{found:?}"
    );
    assert!(matches!(state(&items, names::INBOUND_EXCHANGE), TopologyItemState::Present(None)));
}

#[tokio::test]
async fn an_item_with_other_properties_is_named_and_not_changed() {
    let host = VirtualHost::create().await;
    let connection = host.connect().await;
    let channel = connection.create_channel().await.unwrap();
    let queue = "postern.retry.open-requests.4s";
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), durable, arguments.clone()).await.unwrap();

    let items = inspect(&connection).await;
    let TopologyItemState::Unusable(error) = state(&items, queue) else { panic!("{items:?}") };
    assert!(!error.may_pass());
    assert!(error.to_string().contains("x-"), "{error}");
    channel.queue_declare(queue.into(), durable, arguments).await.unwrap();
    assert!(matches!(state(&items, names::OPEN_REQUESTS_QUEUE), TopologyItemState::Missing));
}

#[tokio::test]
async fn a_broker_has_a_version_and_another_server_none() {
    let host = VirtualHost::create().await;
    let timeout = Duration::from_secs(10);
    let version = server_version(host.url().as_str(), timeout).await.unwrap();
    let major: u32 = version.split('.').next().unwrap().parse().unwrap();
    assert!(major >= 3, "{version}");

    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("amqp://{}", silent.local_addr().unwrap());
    assert_eq!(server_version(&url, Duration::from_millis(300)).await, None);
}
