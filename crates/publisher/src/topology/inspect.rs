//! Inspecting exchanges and queues without declaring the missing ones.

use events::names;
use futures_util::future::join_all;
use lapin::options::ExchangeDeclareOptions;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ErrorKind, ExchangeKind};

use super::declare::{QueueState, declare_exchange, declare_queue, queue_state};
use super::error::{TopologyError, TopologyKind};

/// One exchange or queue of the contract.
#[derive(Debug)]
pub struct TopologyItem {
    /// Exchange or queue.
    pub kind: TopologyKind,
    /// Its name.
    pub name: &'static str,
    /// Its state.
    pub state: TopologyItemState,
}

/// The state of an exchange or a queue.
#[derive(Debug)]
pub enum TopologyItemState {
    /// It is as postern needs it. An exchange has no state of its own.
    Present(Option<QueueState>),
    /// It does not exist.
    Missing,
    /// It has other properties than postern needs, or cannot be inspected.
    Unusable(TopologyError),
}

/// Inspects everything that [`super::declare()`] declares, at the same time. Missing items stay missing:
/// only an existing one is declared again, which compares its properties and changes nothing. Bindings
/// cannot be inspected this way.
pub async fn inspect(connection: &Connection) -> Vec<TopologyItem> {
    let exchanges =
        [names::INBOUND_EXCHANGE, names::OUTBOUND_EXCHANGE, names::DEAD_LETTER_EXCHANGE];
    let exchanges = exchanges.map(|name| (TopologyKind::Exchange, name));
    let work = [names::BOOKING_STATUS_QUEUE, names::OPEN_REQUESTS_QUEUE, names::DEAD_LETTERS_QUEUE];
    let queues = work.into_iter().chain(names::retry_queues().map(|queue| queue.name));
    let all = exchanges.into_iter().chain(queues.map(|name| (TopologyKind::Queue, name)));
    join_all(all.map(|(kind, name)| async move {
        let state = match kind {
            TopologyKind::Exchange => exchange(connection, name).await,
            TopologyKind::Queue => queue(connection, name).await,
        };
        TopologyItem { kind, name, state: state.unwrap_or_else(TopologyItemState::Unusable) }
    }))
    .await
}

/// Whether this exchange or queue does not exist. Needs no permission to configure anything.
///
/// # Errors
/// Where the broker answers neither.
pub async fn is_missing(
    connection: &Connection,
    kind: TopologyKind,
    name: &str,
) -> Result<bool, lapin::Error> {
    let channel = connection.create_channel().await?;
    let found = match kind {
        TopologyKind::Exchange => exchange_exists(&channel, name).await,
        TopologyKind::Queue => queue_state(&channel, name).await.map(drop),
    };
    match found {
        Err(error) if is_not_found(&error) => Ok(true),
        Err(error) => Err(error),
        Ok(()) => {
            let _ = channel.close(200, "done".into()).await;
            Ok(false)
        }
    }
}

async fn exchange_exists(channel: &Channel, name: &str) -> Result<(), lapin::Error> {
    let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let none = FieldTable::default();
    channel.exchange_declare(name.into(), ExchangeKind::Topic, passive, none).await
}

async fn exchange(
    connection: &Connection,
    name: &'static str,
) -> Result<TopologyItemState, TopologyError> {
    let channel = connection.create_channel().await?;
    match exchange_exists(&channel, name).await {
        Err(error) if is_not_found(&error) => return Ok(TopologyItemState::Missing),
        Err(error) => return Err(TopologyError::of(TopologyKind::Exchange, name, error)),
        Ok(()) => {}
    }
    declare_exchange(&channel, name).await?;
    Ok(TopologyItemState::Present(None))
}

async fn queue(
    connection: &Connection,
    name: &'static str,
) -> Result<TopologyItemState, TopologyError> {
    let channel = connection.create_channel().await?;
    let state = match queue_state(&channel, name).await {
        Err(error) if is_not_found(&error) => return Ok(TopologyItemState::Missing),
        Err(error) => return Err(TopologyError::of(TopologyKind::Queue, name, error)),
        Ok(state) => state,
    };
    declare_queue(&channel, name).await?;
    Ok(TopologyItemState::Present(Some(state)))
}

fn is_not_found(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(error) = error.kind() else { return false };
    matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND))
}
