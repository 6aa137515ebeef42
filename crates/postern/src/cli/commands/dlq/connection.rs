//! The connection of a dead-letter command to RabbitMQ.

use events::names;
use lapin::Connection;
use operations::connections::broker::{self, Needed};

use config::BrokerConfig;

/// Connects, and fails where there is no queue of dead letters.
pub(super) async fn open(config: &BrokerConfig) -> anyhow::Result<Connection> {
    let needed = Needed::Queue(names::DEAD_LETTERS_QUEUE);
    broker::connect(&config.broker, "postern dlq", needed).await
}
