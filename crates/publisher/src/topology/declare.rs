//! Declaring the exchanges and queues of the contract. It may be repeated.

use events::names;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ExchangeKind};

use super::arguments::arguments;
use super::error::{TopologyError, TopologyKind};

/// Declares everything that postern needs: three durable topic exchanges, three quorum queues with
/// their bindings, and the retry queues. What exists already is not changed. Callers run it on every new
/// connection, within a timeout, because it waits for as long as the broker does.
///
/// # Errors
/// See [`TopologyError`]: a conflict is permanent, a lost connection is not.
pub async fn declare(connection: &Connection) -> Result<(), TopologyError> {
    let channel = connection.create_channel().await?;
    for exchange in [names::INBOUND_EXCHANGE, names::OUTBOUND_EXCHANGE, names::DEAD_LETTER_EXCHANGE]
    {
        declare_exchange(&channel, exchange).await?;
    }
    // The queue for dead letters first, then the queues that send there.
    let dead_letters = names::DEAD_LETTERS_QUEUE;
    declare_queue(&channel, dead_letters).await?;
    let exchange = names::DEAD_LETTER_EXCHANGE;
    bind(&channel, dead_letters, exchange, names::DEAD_LETTER_BINDING).await?;

    for (queue, pattern) in [
        (names::BOOKING_STATUS_QUEUE, names::BOOKING_STATUS_BINDING),
        (names::OPEN_REQUESTS_QUEUE, names::OPEN_REQUEST_BINDING),
    ] {
        declare_queue(&channel, queue).await?;
        bind(&channel, queue, names::INBOUND_EXCHANGE, pattern).await?;
    }
    for queue in names::retry_queues() {
        declare_queue(&channel, queue.name).await?;
    }
    // Closing keeps the broker's log clean; an error does not matter any more.
    let _ = channel.close(200, "declared".into()).await;
    Ok(())
}

/// The state of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueState {
    /// Messages ready for delivery, without those that are delivered and not settled.
    pub ready: u32,
    /// Consumers of the queue, of all workers.
    pub consumers: u32,
}

/// Reads the state of a queue without changing anything.
///
/// # Errors
/// Where the queue is missing (`NOT_FOUND`, which closes the channel) or the connection is lost.
pub async fn queue_state(channel: &Channel, queue: &str) -> Result<QueueState, lapin::Error> {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let found = channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
    Ok(QueueState { ready: found.message_count(), consumers: found.consumer_count() })
}

pub(super) async fn declare_exchange(
    channel: &Channel,
    exchange: &'static str,
) -> Result<(), TopologyError> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel
        .exchange_declare(exchange.into(), ExchangeKind::Topic, options, FieldTable::default())
        .await
        .map_err(|error| TopologyError::of(TopologyKind::Exchange, exchange, error))
}

pub(super) async fn declare_queue(
    channel: &Channel,
    queue: &'static str,
) -> Result<(), TopologyError> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    match channel.queue_declare(queue.into(), options, arguments(queue)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(TopologyError::of(TopologyKind::Queue, queue, error)),
    }
}

async fn bind(
    channel: &Channel,
    queue: &'static str,
    exchange: &'static str,
    pattern: &str,
) -> Result<(), TopologyError> {
    let options = QueueBindOptions::default();
    channel
        .queue_bind(queue.into(), exchange.into(), pattern.into(), options, FieldTable::default())
        .await
        .map_err(|error| TopologyError::of(TopologyKind::Queue, queue, error))
}
