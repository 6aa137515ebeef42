//! A message ready to be published.

use lapin::BasicProperties;

/// A message ready to be published. Publishing adds the persistent delivery mode.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// The exchange; empty for the default exchange.
    pub exchange: String,
    /// The routing key. It is cut off at 255 bytes, the maximum of AMQP.
    pub routing_key: String,
    /// The body.
    pub body: Vec<u8>,
    /// Properties and headers.
    pub properties: BasicProperties,
}

/// Shows neither headers nor body, which may contain personal data.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("exchange", &self.exchange)
            .field("routing_key", &self.routing_key)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
