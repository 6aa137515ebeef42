//! A connection that publishes while nodes are killed: its errors are results, and no panics.

use super::bus::event_properties;
use super::connection::connection;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection};
use serde_json::Value;

/// A connection with one channel. After an error, another one is needed.
#[derive(Debug)]
pub struct LoadConnection {
    channel: Channel,
    _connection: Connection,
}

impl LoadConnection {
    /// Connects with this address.
    pub async fn open(url: &str) -> lapin::Result<Self> {
        let connection = connection(url).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { channel, _connection: connection })
    }

    /// Publishes a persistent CloudEvent to `postern.inbound`; whether it was confirmed and routed to a queue.
    pub async fn publish(&self, routing_key: &str, event: &Value) -> lapin::Result<bool> {
        let body = serde_json::to_vec(event).expect("JSON can be written");
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, properties) = ("postern.inbound".into(), event_properties());
        let key = routing_key.into();
        let sent = self.channel.basic_publish(exchange, key, options, &body, properties).await?;
        Ok(matches!(sent.await?, Confirmation::Ack(None)))
    }
}
