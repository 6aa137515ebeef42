//! A message as received from a queue.

use amqp_stream::BODY_BYTES_HEADER;
use events::{ATTRIBUTE_PREFIXES, Content, names};
use lapin::message::Delivery;
use lapin::types::{AMQPValue, ShortString};
use lapin::{Acker, BasicProperties};

use super::header_fields::{DELIVERY_COUNT, attribute_text, integer, text};
use super::header_size::header_size;

/// A message as received from a queue, without the handle that settles it.
#[derive(Clone, PartialEq)]
pub struct ReceivedMessage {
    /// The exchange to which it was last published; empty for the default exchange.
    pub exchange: String,
    /// The routing key with which it was last published.
    pub routing_key: String,
    /// The queue from which it was received.
    pub queue: String,
    /// Properties and headers. Only what the client cannot read was changed, and a header says so
    /// ([`amqp_stream::REPAIRED_HEADER`]).
    pub properties: BasicProperties,
    /// The body, unchanged; empty where it was left out ([`ReceivedMessage::body_left_out`]).
    pub body: Vec<u8>,
}

impl ReceivedMessage {
    /// Separates a delivery into the message and the handle that settles it.
    pub fn from_delivery(queue: &str, delivery: Delivery) -> (Self, Acker) {
        let message = Self {
            exchange: delivery.exchange.into(),
            routing_key: delivery.routing_key.into(),
            queue: queue.to_owned(),
            properties: delivery.properties,
            body: delivery.data,
        };
        (message, delivery.acker)
    }

    /// The size of the body in bytes, where it was left out because it is too large. Only the broker has it:
    /// such a message must not be published again.
    pub fn body_left_out(&self) -> Option<u64> {
        let headers = self.properties.headers().as_ref()?;
        let bytes = integer(headers.inner().get(BODY_BYTES_HEADER)?)?;
        Some(bytes.unsigned_abs())
    }

    /// The queue that the publisher wants the answer in too. Queues of postern are none.
    pub fn reply_to(&self) -> Option<&str> {
        let queue = self.properties.reply_to().as_ref()?.as_str();
        (!queue.is_empty() && !queue.starts_with(names::QUEUE_PREFIX)).then_some(queue)
    }

    /// The size of body and headers in bytes.
    pub fn size(&self) -> usize {
        self.body.len() + self.properties.headers().as_ref().map_or(0, header_size)
    }

    /// The content, with the attributes that the headers hold.
    pub fn content(&self) -> Content<'_> {
        let headers = self.properties.headers().iter().flat_map(|headers| headers.inner().iter());
        let content_type = self.properties.content_type().as_ref();
        Content {
            body: &self.body,
            content_type: content_type.map(ShortString::as_str),
            attributes: headers.filter_map(|(name, value)| attribute(name, value)).collect(),
        }
    }

    /// The routing key of the first arrival. Only of an authenticated message
    /// ([`ReceivedMessage::authenticated`]).
    pub fn first_routing_key(&self) -> String {
        let headers = self.properties.headers().as_ref();
        headers
            .and_then(|headers| text(headers, names::HEADER_ROUTING_KEY))
            .unwrap_or_else(|| self.routing_key.clone())
    }

    /// The number of earlier deliveries that were not settled: in this stay in the queue, by the
    /// broker's count, and in the stays before it was parked. 0 the first time.
    pub fn deliveries(&self) -> u32 {
        self.count(names::HEADER_DELIVERIES).saturating_add(self.count(DELIVERY_COUNT))
    }

    /// Whether it was delivered before in this stay in the queue, and not settled.
    pub fn was_delivered_in_this_stay(&self) -> bool {
        self.count(DELIVERY_COUNT) > 0
    }

    /// How often a record in Redis that it needs could not be used. Only of an authenticated message
    /// ([`ReceivedMessage::authenticated`]).
    pub fn record_failures(&self) -> u32 {
        self.count(names::HEADER_RECORD_FAILURES)
    }

    /// The count in this header; 0 without it.
    fn count(&self, name: &str) -> u32 {
        let headers = self.properties.headers().as_ref();
        let count = headers.and_then(|headers| integer(headers.inner().get(name)?));
        u32::try_from(count.unwrap_or(0).max(0)).unwrap_or(u32::MAX)
    }

    /// Whether postern published it to its queue: it was parked or replayed. Only of an authenticated
    /// message ([`ReceivedMessage::authenticated`]).
    pub fn was_parked_or_replayed(&self) -> bool {
        let headers = self.properties.headers().as_ref();
        headers.is_some_and(|headers| headers.contains_key(names::HEADER_QUEUE))
    }

    /// The answer that was recorded before the message became a dead letter, a CloudEvent in JSON. Only
    /// of an authenticated message ([`ReceivedMessage::authenticated`]).
    pub fn answer(&self) -> Option<String> {
        text(self.properties.headers().as_ref()?, names::HEADER_ANSWER)
    }
}

/// The attribute that a header holds, if it holds one.
fn attribute<'a>(header: &'a ShortString, value: &AMQPValue) -> Option<(&'a str, String)> {
    let header = header.as_str();
    let name = ATTRIBUTE_PREFIXES.iter().find_map(|prefix| header.strip_prefix(prefix))?;
    Some((name, attribute_text(value)?))
}

/// Shows neither headers nor body, which may contain personal data.
impl std::fmt::Debug for ReceivedMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReceivedMessage")
            .field("exchange", &self.exchange)
            .field("routing_key", &self.routing_key)
            .field("queue", &self.queue)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
