//! A whole dead letter as one JSON object: for `show`, `export` and the archive of `drop`.

use publisher::ReceivedMessage;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{facts::Facts, wire};

/// Everything that the broker handed out.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    #[serde(flatten)]
    pub(super) facts: Facts,
    pub(super) exchange: String,
    pub(super) routing_key: String,
    pub(super) properties: Map<String, Value>,
    pub(super) headers: Map<String, Value>,
    /// `body`, or `body_base64` where it is no text.
    #[serde(flatten)]
    pub(super) body: Map<String, Value>,
}

impl Document {
    pub(super) fn new(facts: Facts, letter: &ReceivedMessage) -> Self {
        let (name, text) = wire::body(&letter.body);
        let mut body = Map::new();
        body.insert(name.to_owned(), Value::String(text));
        Self {
            facts,
            exchange: letter.exchange.clone(),
            routing_key: letter.routing_key.clone(),
            properties: wire::properties(&letter.properties),
            headers: wire::headers(&letter.properties),
            body,
        }
    }
}
