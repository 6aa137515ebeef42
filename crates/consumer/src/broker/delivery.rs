//! A delivery that a worker has taken.

use events::RefusedMessage;
use lapin::Acker;
use publisher::{HeaderKey, ReceivedMessage};

/// A message as it was delivered, with the means to settle it.
pub(crate) struct Delivery {
    /// The work queue from which it was received.
    pub(crate) queue: &'static str,
    /// Body, headers and properties, without headers that only postern may write and did not.
    pub(crate) message: ReceivedMessage,
    /// Acknowledges the delivery or requeues it.
    pub(crate) acker: Acker,
    /// Whether the broker took the message back from another consumer before, in any of its stays in the
    /// queue.
    pub(crate) redelivered: bool,
}

impl Delivery {
    pub(crate) fn new(
        queue: &'static str,
        delivery: lapin::message::Delivery,
        header_key: &HeaderKey,
    ) -> Self {
        let redelivered = delivery.redelivered;
        let (message, acker) = ReceivedMessage::from_delivery(queue, delivery);
        let message = message.authenticated(header_key, redelivered);
        Self { queue, redelivered: redelivered || message.deliveries() > 0, message, acker }
    }

    /// Refuses a message whose body was left out, because it is too large.
    pub(crate) fn require_body(&self) -> Result<(), RefusedMessage> {
        match self.message.body_left_out() {
            Some(bytes) => Err(RefusedMessage::body_too_large(bytes)),
            None => Ok(()),
        }
    }
}
