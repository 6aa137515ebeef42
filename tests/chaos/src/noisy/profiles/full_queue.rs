//! The queue for the neighbour's answers is full and refuses more: RabbitMQ does not confirm them.

use super::super::neighbour;
use super::super::trouble_phase::{NEIGHBOUR, TroublePhase};
use lapin::options::{QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties};

const QUEUE: &str = "neighbour.outbound";
/// Requests of the neighbour for each healthy one.
const TIMES: f64 = 4.0;

pub(super) async fn cause(phase: &TroublePhase<'_>) {
    neighbour::book(phase).await;
    phase.trouble_begins().await;
    phase.receive_healthy_events_alone().await;
    bind_small_queue(phase).await.expect("a queue can be declared and bound");
    neighbour::request(phase, &phase.doors(), TIMES * phase.rate).await;
}

/// A queue for one message, which nobody takes.
async fn bind_small_queue(phase: &TroublePhase<'_>) -> lapin::Result<()> {
    let url = phase.system.setup.vhost.url();
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongInt(1));
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(QUEUE.into(), durable, arguments).await?;
    let (pattern, options) = (format!("#.{NEIGHBOUR}"), QueueBindOptions::default());
    let (exchange, none) = ("postern.outbound", FieldTable::default());
    channel.queue_bind(QUEUE.into(), exchange.into(), pattern.into(), options, none).await?;
    connection.close(200, "bound".into()).await
}
