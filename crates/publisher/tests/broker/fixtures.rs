//! Messages and dead letters that several tests use.

use std::time::Duration;

use chrono::{DateTime, Utc};
use events::names;
use lapin::options::{BasicGetOptions, BasicNackOptions};
use lapin::types::{AMQPValue, FieldArray, FieldTable};
use lapin::{BasicProperties, Channel};
use publisher::{Message, ReceivedMessage};

use crate::virtual_host::take;

/// A message without properties.
pub(crate) fn message(exchange: &str, routing_key: &str, body: &str) -> Message {
    Message {
        exchange: exchange.to_owned(),
        routing_key: routing_key.to_owned(),
        body: body.as_bytes().to_vec(),
        properties: BasicProperties::default(),
    }
}

/// Headers of every kind, the broker's records of earlier dead-letterings included.
pub(crate) fn original_headers() -> FieldTable {
    let mut record = FieldTable::default();
    record.insert("queue".into(), AMQPValue::LongString("elsewhere".into()));
    record.insert("reason".into(), AMQPValue::LongString("expired".into()));
    record.insert("count".into(), AMQPValue::LongLongInt(3));
    let mut headers = FieldTable::default();
    for (name, value) in [
        ("tenant", AMQPValue::LongString("acme".into())),
        ("priority", AMQPValue::LongInt(-4)),
        ("ratio", AMQPValue::Double(0.5)),
        ("seen", AMQPValue::Timestamp(1_700_000_000)),
        ("raw", AMQPValue::ByteArray(vec![0, 255].into())),
        ("nothing", AMQPValue::Void),
        ("x-first-death-queue", AMQPValue::LongString("elsewhere".into())),
        ("x-delivery-count", AMQPValue::LongLongInt(9)),
        ("x-death", AMQPValue::FieldArray(FieldArray::from(vec![AMQPValue::FieldTable(record)]))),
    ] {
        headers.insert(name.into(), value);
    }
    headers
}

/// Those properties of [`original`] that it has when it is published again, without its headers.
pub(crate) fn expected_properties() -> BasicProperties {
    BasicProperties::default()
        .with_content_type("text/plain".into())
        .with_content_encoding("gzip".into())
        .with_priority(3)
        .with_reply_to("answers".into())
        .with_cluster_id("east".into())
        .with_message_id("m-1".into())
        .with_correlation_id("c-1".into())
        .with_type("lock.open-request.v1".into())
        .with_timestamp(1_700_000_001)
        .with_app_id("hotel".into())
        .with_headers(FieldTable::default())
}

/// The properties without headers.
pub(crate) fn without_headers(properties: &BasicProperties) -> BasicProperties {
    properties.clone().with_headers(FieldTable::default())
}

/// A message with every property and header.
pub(crate) fn original(user: &str) -> Message {
    Message {
        exchange: names::INBOUND_EXCHANGE.to_owned(),
        routing_key: "lock.open-request.acme".to_owned(),
        body: b"\xff not json".to_vec(),
        properties: BasicProperties::default()
            .with_content_type("text/plain".into())
            .with_content_encoding("gzip".into())
            .with_priority(3)
            .with_reply_to("answers".into())
            .with_cluster_id("east".into())
            .with_message_id("m-1".into())
            .with_correlation_id("c-1".into())
            .with_type("lock.open-request.v1".into())
            .with_timestamp(1_700_000_001)
            .with_app_id("hotel".into())
            .with_expiration("600000".into())
            .with_user_id(user.into())
            .with_headers(original_headers()),
    }
}

/// A time.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn text(headers: &FieldTable, name: &str) -> String {
    match headers.inner().get(name) {
        Some(AMQPValue::LongString(value)) => value.to_string(),
        other => panic!("{name}: {other:?}"),
    }
}

pub(crate) fn number(headers: &FieldTable, name: &str) -> i64 {
    match headers.inner().get(name) {
        Some(AMQPValue::LongLongInt(value)) => *value,
        other => panic!("{name}: {other:?}"),
    }
}

/// One delivery more than the delivery limit of a work queue.
pub(crate) const OVER_THE_LIMIT: usize = 101;

/// Receives a message and returns it unsettled, `times` times.
pub(crate) async fn return_unsettled(channel: &Channel, queue: &str, times: usize) {
    for _ in 0..times {
        let got = loop {
            let got = channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap();
            if let Some(got) = got {
                break got;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        got.nack(BasicNackOptions { requeue: true, multiple: false }).await.unwrap();
    }
}

/// The next dead letter.
pub(crate) async fn dead_letter(channel: &Channel) -> ReceivedMessage {
    let taken = take(channel, names::DEAD_LETTERS_QUEUE).await.delivery;
    ReceivedMessage::from_delivery(names::DEAD_LETTERS_QUEUE, taken).0
}
