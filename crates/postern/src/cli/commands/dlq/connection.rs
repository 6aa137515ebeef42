//! The connection of a dead-letter command to RabbitMQ.

use consumer::Settings;
use lapin::Connection;

use crate::cli::connections::broker;

/// Connects, and declares the topology.
pub(super) async fn open(settings: &Settings) -> anyhow::Result<Connection> {
    broker::connect(settings, "postern dlq").await
}
