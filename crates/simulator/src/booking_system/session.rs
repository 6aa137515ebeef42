//! A connection to RabbitMQ: it publishes, and has a queue for the answers as long as it lasts.

use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer};

use super::error::BookingSystemError;
use super::event::OutgoingEvent;

pub(super) struct BrokerSession {
    connection: Connection,
    channel: Channel,
}

impl BrokerSession {
    /// The events of postern come with it.
    pub(super) async fn open(url: &str) -> lapin::Result<(Self, Consumer)> {
        let name = "salto-simulator, booking system".into();
        let properties = ConnectionProperties::default().with_connection_name(name);
        let connection = Connection::connect(url, properties).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let own = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare("".into(), own, FieldTable::default()).await?;
        // All events, as a booking system takes them: postern settles a request only once every event of it has a queue.
        let (outbound, all) = ("postern.outbound".into(), "#".into());
        let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
        channel.queue_bind(queue.name().clone(), outbound, all, options, arguments).await?;
        let unacknowledged = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let (queue, arguments) = (queue.name().clone(), FieldTable::default());
        let answers = channel.basic_consume(queue, "".into(), unacknowledged, arguments).await?;
        Ok((Self { connection, channel }, answers))
    }

    pub(super) fn is_open(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    pub(super) async fn publish(&self, event: &OutgoingEvent) -> Result<(), BookingSystemError> {
        let body = event.body.to_string();
        let properties = BasicProperties::default()
            .with_content_type("application/cloudevents+json".into())
            .with_message_id(event.id.as_str().into())
            .with_delivery_mode(2);
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, key) = ("postern.inbound".into(), event.routing_key.as_str().into());
        let sent = self.channel.basic_publish(exchange, key, options, body.as_bytes(), properties);
        match sent.await?.await? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) => Err(BookingSystemError::Returned),
            Confirmation::Nack(_) | Confirmation::NotRequested => Err(BookingSystemError::Refused),
        }
    }
}
