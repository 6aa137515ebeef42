//! Why an event was not published.

use std::time::Duration;

/// For connecting and publishing together.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Why an event was not published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BookingSystemError {
    #[error(
        "there is no booking system: start the simulator with --broker-url amqp://USER:PASSWORD@HOST/VHOST, the broker of \
         postern's workers"
    )]
    NoBroker,
    #[error("{0}")]
    NotValid(String),
    #[error("RabbitMQ does not take the event: {0}")]
    Broker(#[from] lapin::Error),
    #[error(
        "RabbitMQ has returned the event, because no queue takes it: no worker of postern has run here"
    )]
    Returned,
    #[error("RabbitMQ has refused the event: a queue has reached its limit")]
    Refused,
    #[error("RabbitMQ does not answer within {} s", PATIENCE.as_secs())]
    Silent,
}
