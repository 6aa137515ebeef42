//! The exchanges and queues that postern declares in RabbitMQ, and its reaction to different ones.

use end_to_end::deadline::{SOON, until};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::setup::Setup;
use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use serde_json::{Value, json};

async fn channel(setup: &Setup) -> Channel {
    let connection = Connection::connect(setup.vhost.url(), ConnectionProperties::default()).await;
    let connection = connection.expect("RabbitMQ answers");
    connection.create_channel().await.expect("a channel opens")
}

fn work(queue: &str) -> Value {
    json!({
        "x-queue-type": "quorum",
        "x-delivery-limit": 100,
        "x-dead-letter-exchange": "postern.dead-letter",
        "x-dead-letter-routing-key": format!("{queue}.delivery_limit"),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    })
}

fn retry(queue: &str, milliseconds: u32) -> Value {
    json!({
        "x-queue-type": "quorum",
        "x-delivery-limit": 1_000_000_000,
        "x-message-ttl": milliseconds,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    })
}

#[tokio::test]
async fn exchanges_and_queues_are_declared_as_in_the_contract() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    for (queue, arguments) in [
        ("postern.booking-status", work("postern.booking-status")),
        ("postern.open-requests", work("postern.open-requests")),
        (
            "postern.dead-letters",
            json!({"x-queue-type": "quorum", "x-delivery-limit": 1_000_000_000}),
        ),
        ("postern.retry.open-requests.250ms", retry("postern.open-requests", 250)),
        ("postern.retry.open-requests.1s", retry("postern.open-requests", 1_000)),
        ("postern.retry.open-requests.4s", retry("postern.open-requests", 4_000)),
        ("postern.retry.open-requests.16s", retry("postern.open-requests", 16_000)),
        ("postern.retry.open-requests.64s", retry("postern.open-requests", 64_000)),
        ("postern.retry.booking-status.1s", retry("postern.booking-status", 1_000)),
        ("postern.retry.booking-status.4s", retry("postern.booking-status", 4_000)),
        ("postern.retry.booking-status.16s", retry("postern.booking-status", 16_000)),
        ("postern.retry.booking-status.64s", retry("postern.booking-status", 64_000)),
    ] {
        let found = fixture.setup.vhost.queue(queue).await;
        assert_eq!(found["arguments"], arguments, "{queue}");
        let flags = [&found["durable"], &found["auto_delete"], &found["exclusive"]];
        assert_eq!(flags, [&Value::from(true), &false.into(), &false.into()], "{queue}");
    }
    // A second declaration succeeds only if everything is equal.
    let channel = channel(&fixture.setup).await;
    for exchange in ["postern.inbound", "postern.outbound", "postern.dead-letter"] {
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        let none = FieldTable::default();
        let declared =
            channel.exchange_declare(exchange.into(), ExchangeKind::Topic, durable, none);
        declared.await.unwrap_or_else(|error| panic!("{exchange}: {error}"));
    }

    // A second worker declares everything again, with messages and consumers present.
    fixture.workers[0].freeze();
    let second = fixture.setup.worker("second").start().await;
    fixture.workers[0].resume();
    assert_eq!(fixture.bus.consumers("postern.open-requests").await, Some(2));
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
    assert!(second.is_running());
}

#[tokio::test]
async fn a_different_queue_or_exchange_stops_the_worker_which_names_it() {
    let setup = Setup::unactivated().await;
    let channel = channel(&setup).await;
    let none = FieldTable::default;
    let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
    let exchange = "postern.dead-letter";
    channel
        .exchange_declare(exchange.into(), ExchangeKind::Fanout, durable, none())
        .await
        .expect("a fanout exchange is declared");
    stops_naming(&setup, exchange).await;
    let deleted = channel.exchange_delete(exchange.into(), Default::default()).await;
    deleted.expect("an exchange can be deleted");

    let durable = QueueDeclareOptions { durable: true, ..Default::default() };
    let queue = "postern.open-requests";
    channel
        .queue_declare(queue.into(), durable, none())
        .await
        .expect("a classic queue is declared");
    stops_naming(&setup, queue).await;
    let deleted = channel.queue_delete(queue.into(), Default::default()).await;
    deleted.expect("a queue can be deleted");
    setup.worker("unhindered").start().await;
}

async fn stops_naming(setup: &Setup, name: &str) {
    let worker = setup.worker(name).spawn();
    let status = worker.ended(SOON).await;
    assert_eq!(status.code(), Some(1), "{}", worker.log());
    let log = worker.log();
    let last = log.lines().last().unwrap_or_default();
    assert!(last.contains(name) && last.contains("other properties"), "{log}");
    assert!(!log.contains("guest:guest"), "{log}");
}

#[tokio::test]
async fn a_deleted_queue_is_declared_again() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let channel = channel(&fixture.setup).await;
    let delete = channel.queue_delete("postern.open-requests".into(), Default::default());
    delete.await.expect("a queue can be deleted");
    until("the queue to be back", SOON, || async {
        fixture.bus.consumers("postern.open-requests").await.filter(|count| *count > 0)
    })
    .await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}
