//! The booking system's connection to the broker: publishes events and reads queues.

use super::DeadLetter;
use super::connection::{confirming, connection};
use crate::deadline::{SOON, until, within};
use futures_util::future::join_all;
use lapin::options::{
    BasicGetOptions, BasicNackOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use serde_json::Value;
use std::time::Duration;

/// The number of channels for many messages; each has one unconfirmed message at a time.
const CHANNELS: usize = 16;

/// A connection to one virtual host.
#[derive(Debug)]
pub struct Bus {
    pub(super) url: String,
    connection: Connection,
    channel: Channel,
}

impl Bus {
    /// Connects with this address.
    pub async fn connect(url: &str) -> Self {
        let connection = within("a connection to RabbitMQ", SOON, connection(url))
            .await
            .unwrap_or_else(|error| panic!("RabbitMQ does not answer: {error}"));
        let channel = confirming(&connection).await;
        Self { url: url.to_owned(), connection, channel }
    }
    /// Publishes a booking's status to the exchange that postern has declared.
    pub async fn booking(&self, event: &Value) {
        self.publish("postern.inbound", "booking.status", event).await;
    }

    /// Publishes an open request.
    pub async fn open_request(&self, event: &Value) {
        self.publish("postern.inbound", "lock.open-request", event).await;
    }

    /// Publishes a persistent CloudEvent; it must be confirmed and routed to a queue.
    pub async fn publish(&self, exchange: &str, routing_key: &str, event: &Value) {
        let body = serde_json::to_vec(event).expect("JSON can be written");
        self.publish_raw(exchange, routing_key, &body, event_properties()).await;
    }

    /// Publishes any bytes with any properties; the message must be confirmed and routed to a queue.
    pub async fn publish_raw(
        &self,
        exchange: &str,
        routing_key: &str,
        body: &[u8],
        properties: BasicProperties,
    ) {
        send(&self.channel, exchange, routing_key, body, properties).await;
    }

    /// Publishes a persistent CloudEvent on a channel of its own; the error where the broker refuses it.
    pub async fn try_publish(
        &self,
        exchange: &str,
        routing_key: &str,
        event: &Value,
    ) -> lapin::Result<Confirmation> {
        let channel = confirming(&self.connection).await;
        let body = serde_json::to_vec(event).expect("JSON can be written");
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, routing_key) = (exchange.into(), routing_key.into());
        let published =
            channel.basic_publish(exchange, routing_key, options, &body, event_properties()).await;
        published?.await
    }

    /// Declares a durable queue and binds it.
    pub async fn declare_bound(&self, queue: &str, exchange: &str, routing_key: &str) {
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let declared = self.channel.queue_declare(queue.into(), durable, FieldTable::default());
        declared.await.expect("the queue is declared");
        let options = QueueBindOptions::default();
        let (queue, exchange, key) = (queue.into(), exchange.into(), routing_key.into());
        let bound = self.channel.queue_bind(queue, exchange, key, options, FieldTable::default());
        bound.await.expect("the queue is bound");
    }

    /// Publishes many open requests over several channels; their order is not kept.
    pub async fn open_requests(&self, events: &[Value]) {
        let share = events.len().div_ceil(CHANNELS).max(1);
        join_all(events.chunks(share).map(async |events| {
            let channel = confirming(&self.connection).await;
            for event in events {
                let body = serde_json::to_vec(event).expect("JSON can be written");
                send(&channel, "postern.inbound", "lock.open-request", &body, event_properties())
                    .await;
            }
        }))
        .await;
    }

    /// Deletes a queue with everything in it, as an operator might.
    pub async fn delete_queue(&self, queue: &str) {
        let options = QueueDeleteOptions::default();
        self.channel.queue_delete(queue.into(), options).await.expect("the queue is deleted");
    }

    /// Deletes a queue and immediately declares and binds it again; the arguments are in the form of the management
    /// API.
    pub async fn replace_queue(&self, queue: &str, arguments: &Value, routing_key: &str) {
        let mut table = FieldTable::default();
        for (name, value) in arguments.as_object().expect("arguments are an object") {
            let value = match value {
                Value::String(text) => AMQPValue::LongString(text.as_str().into()),
                Value::Number(number) => AMQPValue::LongLongInt(number.as_i64().expect("small")),
                other => panic!("{name}: {other}"),
            };
            table.insert(name.as_str().into(), value);
        }
        self.delete_queue(queue).await;
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let declared = self.channel.queue_declare(queue.into(), durable, table).await;
        declared.expect("the queue is declared");
        let (inbound, options) = ("postern.inbound", QueueBindOptions::default());
        let none = FieldTable::default();
        let bound = self.channel.queue_bind(
            queue.into(),
            inbound.into(),
            routing_key.into(),
            options,
            none,
        );
        bound.await.expect("the queue is bound");
    }

    /// The number of messages in a queue without the unacknowledged ones; `None` if there is no such queue.
    pub async fn waiting(&self, queue: &str) -> Option<u32> {
        self.passive(queue).await.map(|(messages, _)| messages)
    }

    /// The number of consumers of a queue; `None` if there is no such queue.
    pub async fn consumers(&self, queue: &str) -> Option<u32> {
        self.passive(queue).await.map(|(_, consumers)| consumers)
    }

    /// Waits until postern has declared its queues.
    pub async fn declared(&self, limit: Duration) {
        // The work queues are declared last, because they send to the others.
        for queue in [
            "postern.dead-letters",
            super::RETRY_QUEUES[4],
            "postern.booking-status",
            "postern.open-requests",
        ] {
            until(queue, limit, || self.waiting(queue)).await;
        }
    }

    /// Binds a queue to an exchange.
    pub async fn bind(&self, queue: &str, exchange: &str, pattern: &str) {
        let (options, none) = (QueueBindOptions::default(), FieldTable::default());
        let bound =
            self.channel.queue_bind(queue.into(), exchange.into(), pattern.into(), options, none);
        bound.await.expect("a queue can be bound");
    }

    /// Reverts [`Self::bind`]: messages are no longer routed to the queue, and a mandatory message is returned.
    pub async fn unbind(&self, queue: &str, exchange: &str, pattern: &str) {
        let none = FieldTable::default();
        let unbound =
            self.channel.queue_unbind(queue.into(), exchange.into(), pattern.into(), none);
        unbound.await.expect("a queue can be unbound");
    }

    /// Waits for a message in a queue and removes it.
    pub async fn take(&self, queue: &str) -> DeadLetter {
        let message = until(&format!("a message in {queue}"), SOON, || async {
            let options = BasicGetOptions { no_ack: true };
            self.channel.basic_get(queue.into(), options).await.expect("the queue can be read")
        })
        .await;
        DeadLetter::from_message(&message)
    }

    /// Takes this number of messages and returns them unsettled, so often: as workers do that are killed.
    pub async fn return_unsettled(&self, queue: &str, count: usize, times: usize) {
        let channel = self.connection.create_channel().await.expect("a channel opens");
        for _ in 0..times {
            let mut last = 0;
            for _ in 0..count {
                last = until(&format!("a message in {queue}"), SOON, || async {
                    let options = BasicGetOptions { no_ack: false };
                    channel.basic_get(queue.into(), options).await.expect("the queue can be read")
                })
                .await
                .delivery_tag;
            }
            let all = BasicNackOptions { multiple: true, requeue: true };
            channel.basic_nack(last, all).await.expect("they are returned");
        }
        channel.close(200, "returned".into()).await.expect("the channel closes");
    }

    /// Reads all dead letters; they stay in their queue.
    pub async fn dead_letters(&self) -> Vec<DeadLetter> {
        // Unacknowledged messages return to the queue when their channel closes.
        let channel = self.connection.create_channel().await.expect("a channel opens");
        let mut letters = Vec::new();
        while let Some(message) = channel
            .basic_get("postern.dead-letters".into(), BasicGetOptions { no_ack: false })
            .await
            .expect("the dead letters can be read")
        {
            letters.push(DeadLetter::from_message(&message));
        }
        let count = u32::try_from(letters.len()).expect("few letters");
        channel.close(200, "read".into()).await.expect("the channel closes");
        until("the dead letters to be back", SOON, || async {
            (self.waiting("postern.dead-letters").await? >= count).then_some(())
        })
        .await;
        letters
    }

    /// Waits for `count` dead letters and reads them.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn wait_for_dead_letters(&self, count: u32, limit: Duration) -> Vec<DeadLetter> {
        until(&format!("{count} dead letters"), limit, || async {
            (self.waiting("postern.dead-letters").await? >= count).then_some(())
        })
        .await;
        self.dead_letters().await
    }

    async fn passive(&self, queue: &str) -> Option<(u32, u32)> {
        // A channel of its own: a declaration of an absent queue closes it.
        let channel = self.connection.create_channel().await.expect("a channel opens");
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue =
            channel.queue_declare(queue.into(), passive, FieldTable::default()).await.ok()?;
        let _ = channel.close(200, "asked".into()).await;
        Some((queue.message_count(), queue.consumer_count()))
    }
}

async fn send(
    channel: &Channel,
    exchange: &str,
    routing_key: &str,
    body: &[u8],
    properties: BasicProperties,
) {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let sent = channel
        .basic_publish(exchange.into(), routing_key.into(), options, body, properties)
        .await
        .expect("a message can be published");
    match within("a confirm", SOON, sent).await {
        Ok(Confirmation::Ack(None)) => {}
        other => panic!("{exchange} {routing_key}: {other:?}"),
    }
}

pub(super) fn event_properties() -> BasicProperties {
    BasicProperties::default()
        .with_content_type("application/cloudevents+json".into())
        .with_delivery_mode(2)
}
