//! A message as it came out of a queue.

use lapin::message::Delivery;
use lapin::{Acker, BasicProperties};

/// A message as it came out of a queue, apart from the right to settle it.
#[derive(Clone, PartialEq)]
pub struct Arrival {
    /// The exchange it was last published to; empty for the default exchange.
    pub exchange: String,
    /// The routing key it was last published with.
    pub routing_key: String,
    /// The queue it was taken from.
    pub queue: String,
    /// Properties and headers, as they came.
    pub properties: BasicProperties,
    /// The body, as it came.
    pub body: Vec<u8>,
}

impl Arrival {
    /// Parts a delivery into the message and the handle that settles it.
    pub fn from_delivery(queue: &str, delivery: Delivery) -> (Self, Acker) {
        let arrival = Self {
            exchange: delivery.exchange.into(),
            routing_key: delivery.routing_key.into(),
            queue: queue.to_owned(),
            properties: delivery.properties,
            body: delivery.data,
        };
        (arrival, delivery.acker)
    }
}

/// Shows neither headers nor body: they may hold personal data.
impl std::fmt::Debug for Arrival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arrival")
            .field("exchange", &self.exchange)
            .field("routing_key", &self.routing_key)
            .field("queue", &self.queue)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
