//! A message as it came out of a queue.

use events::names;
use lapin::message::Delivery;
use lapin::{Acker, BasicProperties};

use crate::headers::{DELIVERY_COUNT, integer};

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

    /// How often the message was delivered before and not settled: in this stay in the queue, by
    /// the broker's count, and in those before it was parked. 0 the first time.
    pub fn deliveries(&self) -> u32 {
        let count = |name| {
            let headers = self.properties.headers().as_ref()?;
            let count = integer(headers.inner().get(name)?)?.max(0);
            Some(u32::try_from(count).unwrap_or(u32::MAX))
        };
        let before = count(names::HEADER_DELIVERIES).unwrap_or(0);
        before.saturating_add(count(DELIVERY_COUNT).unwrap_or(0))
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
