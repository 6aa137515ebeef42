//! A message taken from a queue, usually a dead letter.

use lapin::BasicProperties;
use lapin::message::BasicGetMessage;
use lapin::types::AMQPValue;

/// A message in `postern.dead-letters`, or taken from another queue.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    pub body: Vec<u8>,
    pub properties: BasicProperties,
    pub routing_key: String,
}

impl DeadLetter {
    pub(super) fn from_message(message: &BasicGetMessage) -> Self {
        Self {
            routing_key: message.routing_key.to_string(),
            properties: message.properties.clone(),
            body: message.data.clone(),
        }
    }

    /// A header as text, of every type of number and string; empty if absent.
    pub fn header(&self, name: &str) -> String {
        let headers = self.properties.headers().as_ref();
        match headers.and_then(|headers| headers.inner().get(name)) {
            Some(AMQPValue::LongString(text)) => text.to_string(),
            Some(AMQPValue::ShortString(text)) => text.to_string(),
            Some(AMQPValue::ShortShortInt(number)) => number.to_string(),
            Some(AMQPValue::ShortInt(number)) => number.to_string(),
            Some(AMQPValue::LongInt(number)) => number.to_string(),
            Some(AMQPValue::LongLongInt(number)) => number.to_string(),
            Some(other) => format!("{other:?}"),
            None => String::new(),
        }
    }

    /// The reason of the dead letter.
    pub fn reason(&self) -> String {
        self.header("postern-reason")
    }
}
