//! A connection to RabbitMQ for operations that run once.

use std::time::Duration;

use anyhow::{Context, anyhow};
use consumer::BrokerSettings;
use lapin::Connection;
use publisher::{Message, PublishError, Publisher, TopologyKind};

use super::advice;
use crate::one_line;

/// The time limit of an attempt to connect to a node, and of a confirm.
pub const BROKER_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a publisher. Fails where RabbitMQ blocks publishers: a command does not wait for the end of an
/// alarm.
///
/// # Errors
/// The broker opens no channel, or blocks publishers.
pub async fn open_publisher(connection: Connection, channels: usize) -> anyhow::Result<Publisher> {
    let publisher = Publisher::open(connection, channels, BROKER_TIMEOUT)
        .await
        .context("the broker opened no channel for publishing")?;
    tokio::select! {
        biased;
        reason = publisher.blocked() => Err(blocked(&reason)),
        // What a failure means, the first message shows.
        _ = publisher.probe() => Ok(publisher),
    }
}

/// Publishes a message. The outer error says that RabbitMQ blocks publishers now: it may take the message
/// after the alarm.
///
/// # Errors
/// RabbitMQ blocks publishers.
pub async fn publish(
    publisher: &Publisher,
    message: Message,
) -> anyhow::Result<Result<(), PublishError>> {
    tokio::select! {
        biased;
        published = publisher.publish(message) => Ok(published),
        reason = publisher.blocked() => Err(blocked(&reason)),
    }
}

fn blocked(reason: &str) -> anyhow::Error {
    anyhow!("RabbitMQ blocks publishers: {reason}; {}", advice::BROKER_BLOCKED)
}

/// What an operation needs of the topology, which the worker declares and nothing else.
#[derive(Debug, Clone, Copy)]
pub enum Needed {
    /// An exchange of this name.
    Exchange(&'static str),
    /// A queue of this name.
    Queue(&'static str),
}

/// Connects, and fails where what is needed is missing.
///
/// # Errors
/// No node answers or accepts the user, or what is needed is missing; with what to do about it.
pub async fn connect(
    broker: &BrokerSettings,
    name: &str,
    needed: Needed,
) -> anyhow::Result<Connection> {
    let connection = broker.nodes.connect(name, BROKER_TIMEOUT).await.map_err(|error| {
        let advice = advice::for_connect_error(&error);
        anyhow!("{}; {advice}", one_line(&error.into()))
    })?;
    let (kind, name) = match needed {
        Needed::Exchange(name) => (TopologyKind::Exchange, name),
        Needed::Queue(name) => (TopologyKind::Queue, name),
    };
    let asking = publisher::is_missing(&connection, kind, name);
    let missing = tokio::time::timeout(BROKER_TIMEOUT, asking)
        .await
        .map_err(|_| anyhow!("the broker did not answer within {BROKER_TIMEOUT:?}"))?
        .with_context(|| format!("the broker does not say whether there is a {kind} {name}"))?;
    if missing {
        return Err(anyhow!(
            "there is no {kind} {name} in this virtual host: no worker has run here yet, or broker.url \
             names another virtual host"
        ));
    }
    Ok(connection)
}
