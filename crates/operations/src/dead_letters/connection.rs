//! The connection of an operation on dead letters to RabbitMQ.

use crate::connections::broker::{self, Needed};
use events::names;
use lapin::Connection;

use config::BrokerConfig;

/// Connects, and fails where there is no queue of dead letters.
pub(super) async fn open(config: &BrokerConfig) -> anyhow::Result<Connection> {
    let needed = Needed::Queue(names::DEAD_LETTERS_QUEUE);
    broker::connect(&config.broker, "postern dlq", needed).await
}
