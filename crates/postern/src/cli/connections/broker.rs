//! A connection to RabbitMQ, with the topology declared, for commands that run once.

use std::time::Duration;

use anyhow::{Context, anyhow};
use consumer::Settings;
use lapin::Connection;
use publisher::{Message, PublishError, Publisher};
use secrecy::ExposeSecret;

use super::advice;
use crate::cli::failure::one_line;

/// The time limit of a connection attempt, and of a confirm.
pub(crate) const BROKER_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a publisher. Fails where RabbitMQ blocks publishers: a command does not wait for the end of an
/// alarm.
pub(crate) async fn open_publisher(
    connection: Connection,
    channels: usize,
) -> anyhow::Result<Publisher> {
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
pub(crate) async fn publish(
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

/// Connects and declares the topology, so that commands work before the first worker has run.
pub(crate) async fn connect(settings: &Settings, name: &str) -> anyhow::Result<Connection> {
    let url = settings.broker.url.expose_secret();
    let connection = publisher::connect(url, name, BROKER_TIMEOUT).await.map_err(|error| {
        let advice = advice::for_connect_error(&error);
        anyhow!("{}; {advice}", one_line(&error.into()))
    })?;
    match tokio::time::timeout(BROKER_TIMEOUT, publisher::declare(&connection)).await {
        Ok(declared) => declared.context("the broker's exchanges and queues cannot be declared")?,
        Err(_) => return Err(anyhow!("the broker did not answer within {BROKER_TIMEOUT:?}")),
    }
    Ok(connection)
}
