//! Looking at exchanges and queues without declaring what is not there.

use events::names;
use futures_util::future::join_all;
use lapin::options::ExchangeDeclareOptions;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::FieldTable;
use lapin::{Connection, ErrorKind, ExchangeKind};

use crate::topology::{
    QueueState, TopologyError, arguments, declare_exchange, declare_queue, queue_state,
};

/// One exchange or queue of the contract.
#[derive(Debug)]
pub struct Part {
    /// `exchange` or `queue`.
    pub kind: &'static str,
    /// Its name.
    pub name: &'static str,
    /// How it stands.
    pub state: PartState,
}

/// How an exchange or a queue stands.
#[derive(Debug)]
pub enum PartState {
    /// As postern needs it. An exchange has no state of its own.
    Stands(Option<QueueState>),
    /// It is not there.
    Missing,
    /// It is another than postern needs, or cannot be looked at.
    Trouble(TopologyError),
}

/// Looks at everything that [`crate::declare`] declares, all at once. What is missing stays missing:
/// only what is there is declared once more, which compares its properties and changes nothing.
/// Bindings cannot be seen this way.
pub async fn inspect(connection: &Connection) -> Vec<Part> {
    let exchanges =
        [names::INBOUND_EXCHANGE, names::OUTBOUND_EXCHANGE, names::DEAD_LETTER_EXCHANGE];
    let exchanges = exchanges.map(|name| ("exchange", name));
    let work = [names::BOOKING_STATUS_QUEUE, names::OPEN_REQUESTS_QUEUE, names::DEAD_LETTERS_QUEUE];
    let queues = work.into_iter().chain(names::OPEN_REQUEST_RETRIES.map(|(name, _)| name));
    let all = exchanges.into_iter().chain(queues.map(|name| ("queue", name)));
    join_all(all.map(|(kind, name)| async move {
        let state = match kind {
            "exchange" => exchange(connection, name).await,
            _ => queue(connection, name).await,
        };
        Part { kind, name, state: state.unwrap_or_else(PartState::Trouble) }
    }))
    .await
}

async fn exchange(connection: &Connection, name: &'static str) -> Result<PartState, TopologyError> {
    let channel = connection.create_channel().await?;
    let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
    let none = FieldTable::default();
    match channel.exchange_declare(name.into(), ExchangeKind::Topic, passive, none).await {
        Err(error) if is_missing(&error) => return Ok(PartState::Missing),
        Err(error) => return Err(TopologyError::of("exchange", name, error)),
        Ok(()) => {}
    }
    declare_exchange(&channel, name).await?;
    Ok(PartState::Stands(None))
}

async fn queue(connection: &Connection, name: &'static str) -> Result<PartState, TopologyError> {
    let channel = connection.create_channel().await?;
    let state = match queue_state(&channel, name).await {
        Err(error) if is_missing(&error) => return Ok(PartState::Missing),
        Err(error) => return Err(TopologyError::of("queue", name, error)),
        Ok(state) => state,
    };
    declare_queue(&channel, name, arguments(name)).await?;
    Ok(PartState::Stands(Some(state)))
}

fn is_missing(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(error) = error.kind() else { return false };
    matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND))
}
