//! The exchanges and queues of the contract, declared as often as one likes.

use std::time::Duration;

use events::names;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ErrorKind, ExchangeKind};

/// The code of a message that the broker itself made a dead letter, because it came back too often.
pub const DELIVERY_LIMIT_REASON: &str = "delivery_limit";

/// How often the broker hands out a message of a work queue again before it is a dead letter. The
/// count rises with every lost connection, so it guards against poison and is no retry counter.
const WORK_DELIVERY_LIMIT: i32 = 100;

/// Dead letters have nowhere further to go: the broker drops what exceeds the limit, and listing
/// counts. Parked messages have, but nobody is to look at them so often that they come back early.
/// RabbitMQ 4 would put 20 where nothing is said; 3.10 reads text and −1 as nonsense without a
/// word. So: a number that nobody reaches.
const NO_DELIVERY_LIMIT: i32 = 1_000_000_000;

/// Why the topology does not stand.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// An exchange or queue of that name exists and is another. Somebody must delete or rename
    /// it: connecting again does not help.
    #[error("{kind} {name:?} exists with other properties than postern needs: {detail}")]
    Conflict {
        /// `exchange` or `queue`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The broker's words: which property, the value wanted ("received") and the one found
        /// ("current").
        detail: String,
    },
    /// The broker's user may not declare, bind or look at it.
    #[error("the broker does not let this user declare {kind} {name:?}: {detail}")]
    Refused {
        /// `exchange` or `queue`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The broker's words.
        detail: String,
    },
    /// The connection did not hold.
    #[error("the connection to the broker broke while declaring")]
    Connection(#[from] lapin::Error),
}

impl TopologyError {
    /// Whether a later attempt can succeed without anybody changing something first.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Conflict { .. } | Self::Refused { .. } => false,
            Self::Connection(_) => true,
        }
    }

    pub(crate) fn of(kind: &'static str, name: &str, error: lapin::Error) -> Self {
        let ErrorKind::ProtocolError(protocol) = error.kind() else {
            return Self::Connection(error);
        };
        let AMQPErrorKind::Soft(code) = protocol.kind() else { return Self::Connection(error) };
        let (name, detail) = (name.to_owned(), protocol.get_message().to_string());
        match code {
            AMQPSoftError::PRECONDITIONFAILED | AMQPSoftError::RESOURCELOCKED => {
                Self::Conflict { kind, name, detail }
            }
            AMQPSoftError::ACCESSREFUSED => Self::Refused { kind, name, detail },
            _ => Self::Connection(error),
        }
    }
}

/// Declares everything postern needs: three durable topic exchanges, three quorum queues with
/// their bindings, and the retry queues. Does nothing where it already stands. Run it on every new connection, within a
/// timeout: it waits for as long as the broker takes.
///
/// # Errors
/// See [`TopologyError`]: a conflict is fatal, connection trouble is not.
pub async fn declare(connection: &Connection) -> Result<(), TopologyError> {
    let channel = connection.create_channel().await?;
    for exchange in [names::INBOUND_EXCHANGE, names::OUTBOUND_EXCHANGE, names::DEAD_LETTER_EXCHANGE]
    {
        declare_exchange(&channel, exchange).await?;
    }
    // First the place for dead letters, then those who may send there.
    let dead_letters = names::DEAD_LETTERS_QUEUE;
    declare_queue(&channel, dead_letters, arguments(dead_letters)).await?;
    bind(
        &channel,
        names::DEAD_LETTERS_QUEUE,
        names::DEAD_LETTER_EXCHANGE,
        names::DEAD_LETTER_BINDING,
    )
    .await?;

    for (queue, pattern) in [
        (names::BOOKING_STATUS_QUEUE, names::BOOKING_STATUS_BINDING),
        (names::OPEN_REQUESTS_QUEUE, names::OPEN_REQUEST_BINDING),
    ] {
        declare_queue(&channel, queue, arguments(queue)).await?;
        bind(&channel, queue, names::INBOUND_EXCHANGE, pattern).await?;
    }
    for (queue, _) in names::OPEN_REQUEST_RETRIES {
        declare_queue(&channel, queue, arguments(queue)).await?;
    }
    // A courtesy to the broker's logs; everything stands already.
    let _ = channel.close(200, "declared".into()).await;
    Ok(())
}

/// What a queue holds and who listens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueState {
    /// Messages ready for delivery; those in somebody's hands do not count.
    pub ready: u32,
    /// Consumers subscribed to it, of all workers.
    pub consumers: u32,
}

/// Looks at a queue without changing anything.
///
/// # Errors
/// Where the queue is missing (`NOT_FOUND`, which closes the channel) or the connection is lost.
pub async fn queue_state(channel: &Channel, queue: &str) -> Result<QueueState, lapin::Error> {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let found = channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
    Ok(QueueState { ready: found.message_count(), consumers: found.consumer_count() })
}

pub(crate) async fn declare_exchange(
    channel: &Channel,
    exchange: &'static str,
) -> Result<(), TopologyError> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel
        .exchange_declare(exchange.into(), ExchangeKind::Topic, options, FieldTable::default())
        .await
        .map_err(|error| TopologyError::of("exchange", exchange, error))
}

pub(crate) async fn declare_queue(
    channel: &Channel,
    queue: &'static str,
    arguments: FieldTable,
) -> Result<(), TopologyError> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    match channel.queue_declare(queue.into(), options, arguments).await {
        Ok(_) => Ok(()),
        Err(error) => Err(TopologyError::of("queue", queue, error)),
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
        .map_err(|error| TopologyError::of("queue", queue, error))
}

/// What a queue of postern is declared with.
pub(crate) fn arguments(queue: &str) -> FieldTable {
    if queue == names::DEAD_LETTERS_QUEUE {
        return dead_letters_arguments();
    }
    match names::OPEN_REQUEST_RETRIES.iter().find(|(name, _)| *name == queue) {
        Some((_, delay)) => retry_arguments(*delay),
        None => work_arguments(queue),
    }
}

/// At-least-once dead-lettering works only together with `reject-publish`; without it the broker
/// falls back to at-most-once and says nothing.
fn work_arguments(queue: &str) -> FieldTable {
    let key = crate::dead_letter::routing_key(queue, DELIVERY_LIMIT_REASON);
    table([
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongInt(WORK_DELIVERY_LIMIT)),
        ("x-dead-letter-exchange", text(names::DEAD_LETTER_EXCHANGE)),
        ("x-dead-letter-routing-key", text(&key)),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-overflow", text("reject-publish")),
    ])
}

fn dead_letters_arguments() -> FieldTable {
    table([
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongInt(NO_DELIVERY_LIMIT)),
    ])
}

/// A queue per delay: were the time on the message, a long wait at the head of the queue would
/// hold up the short ones behind it. What a work queue says of `reject-publish` holds here too.
fn retry_arguments(delay: Duration) -> FieldTable {
    // Milliseconds; the longest delay is far from the limit.
    let ttl = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
    table([
        ("x-queue-type", text("quorum")),
        ("x-delivery-limit", AMQPValue::LongInt(NO_DELIVERY_LIMIT)),
        ("x-message-ttl", AMQPValue::LongLongInt(ttl)),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text(names::OPEN_REQUESTS_QUEUE)),
        ("x-dead-letter-strategy", text("at-least-once")),
        ("x-overflow", text("reject-publish")),
    ])
}

fn table<const N: usize>(entries: [(&str, AMQPValue); N]) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in entries {
        table.insert(ShortString::from(key), value);
    }
    table
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
