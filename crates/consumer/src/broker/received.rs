//! A delivery that a worker has taken.

use lapin::{Acker, message::Delivery};
use publisher::Arrival;

/// A message as it was delivered, with the means to settle it.
pub(crate) struct Received {
    /// Body, headers and properties.
    pub(crate) arrival: Arrival,
    /// Acknowledges the delivery or requeues it.
    pub(crate) acker: Acker,
    /// Whether the broker took the message back from another consumer before.
    pub(crate) redelivered: bool,
}

impl Received {
    pub(crate) fn new(queue: &'static str, delivery: Delivery) -> Self {
        let redelivered = delivery.redelivered;
        let (arrival, acker) = Arrival::from_delivery(queue, delivery);
        Self { arrival, acker, redelivered }
    }
}
