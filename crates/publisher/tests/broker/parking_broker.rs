//! A broker with the topology, and messages parked in it.

use std::time::Duration;

use events::names;
use lapin::options::BasicGetOptions;
use lapin::types::{AMQPValue, FieldArray, FieldTable};
use lapin::{BasicProperties, Channel, Connection};
use publisher::{
    DeadLetter, Message, Publisher, RETRY_DELAYS, ReceivedMessage, declare, server_version,
};
use rules::FailedReason;

use crate::fixtures::{number, original, text};
use crate::virtual_host::{DEADLINE, VirtualHost, take};

pub(crate) const SHORTEST: Duration = RETRY_DELAYS[0];

pub(crate) struct Broker {
    pub(crate) host: VirtualHost,
    _connection: Connection,
    pub(crate) channel: Channel,
    pub(crate) publisher: Publisher,
}

impl Broker {
    pub(crate) async fn new() -> Self {
        let host = VirtualHost::create().await;
        let connection = host.connect().await;
        declare(&connection).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let publisher = host.publisher(4).await;
        Self { host, _connection: connection, channel, publisher }
    }

    pub(crate) async fn open_request(&self) -> ReceivedMessage {
        let taken = take(&self.channel, names::OPEN_REQUESTS_QUEUE).await.delivery;
        ReceivedMessage::from_delivery(names::OPEN_REQUESTS_QUEUE, taken).0
    }

    /// Publishes an open request as the booking system does, and receives it.
    pub(crate) async fn send(&self, properties: BasicProperties) -> ReceivedMessage {
        let user = self.host.url().username().to_owned();
        self.publisher.publish(Message { properties, ..original(&user) }).await.unwrap();
        self.open_request().await
    }

    /// Parks a message, and receives it again.
    pub(crate) async fn park(&self, received: &ReceivedMessage) -> ReceivedMessage {
        self.publisher.publish(Message::parked(received, SHORTEST)).await.unwrap();
        self.open_request().await
    }

    /// Those records of a foreign `x-death` header that the broker keeps: RabbitMQ 3 keeps them, 4 has
    /// records of its own and writes the header anew.
    pub(crate) async fn kept<const N: usize>(
        &self,
        foreign: [(String, i64); N],
    ) -> Vec<(String, i64)> {
        let version = server_version(self.host.url().as_str(), DEADLINE).await.unwrap();
        if version.starts_with("3.") { foreign.to_vec() } else { Vec::new() }
    }

    pub(crate) async fn is_empty(&self, queue: &str) -> bool {
        let got = self.channel.basic_get(queue.into(), BasicGetOptions::default()).await;
        got.unwrap().is_none()
    }
}

pub(crate) fn with(
    headers: impl IntoIterator<Item = (&'static str, AMQPValue)>,
) -> BasicProperties {
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert(name.into(), value);
    }
    BasicProperties::default().with_headers(table)
}

pub(crate) fn string(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

pub(crate) fn array(values: Vec<AMQPValue>) -> AMQPValue {
    AMQPValue::FieldArray(FieldArray::from(values))
}

pub(crate) fn x_death_record(queue: AMQPValue, count: AMQPValue) -> AMQPValue {
    let mut record = FieldTable::default();
    record.insert("queue".into(), queue);
    record.insert("reason".into(), string("expired"));
    record.insert("count".into(), count);
    AMQPValue::FieldTable(record)
}

pub(crate) fn headers(received: &ReceivedMessage) -> &FieldTable {
    received.properties.headers().as_ref().unwrap()
}

/// Queue and count of every record in `x-death`.
pub(crate) fn x_death_records(headers: &FieldTable) -> Vec<(String, i64)> {
    match headers.inner().get("x-death") {
        Some(AMQPValue::FieldArray(records)) => records
            .as_slice()
            .iter()
            .map(|record| match record {
                AMQPValue::FieldTable(record) => (text(record, "queue"), number(record, "count")),
                other => panic!("{other:?}"),
            })
            .collect(),
        None => Vec::new(),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn record(queue: &str, count: i64) -> (String, i64) {
    (queue.to_owned(), count)
}

pub(crate) fn assert_origin(headers: &FieldTable) {
    assert_eq!(text(headers, "postern-exchange"), "postern.inbound");
    assert_eq!(text(headers, "postern-routing-key"), "lock.open-request.acme");
    assert_eq!(text(headers, "postern-queue"), "postern.open-requests");
}

pub(crate) fn failed(received: &ReceivedMessage) -> Message {
    let reason = FailedReason::IqOffline.into();
    let failure = DeadLetter { reason, detail: "no gateway", attempts: 2, answer: None };
    Message::dead_letter(received, &failure, "2026-03-01T12:00:00Z".parse().unwrap())
}
