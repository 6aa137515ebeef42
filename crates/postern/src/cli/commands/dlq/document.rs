//! A whole dead letter as one JSON object: for `show`, `export` and the archive of `drop`.

use publisher::ReceivedMessage;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{info::DeadLetterInfo, message_json};

/// Everything that the broker delivered.
#[derive(Debug, Serialize)]
pub(super) struct LetterDocument {
    #[serde(flatten)]
    pub(super) info: DeadLetterInfo,
    pub(super) exchange: String,
    pub(super) routing_key: String,
    pub(super) properties: Map<String, Value>,
    pub(super) headers: Map<String, Value>,
    /// `body`, `body_base64` where it is not text, or `body_left_out` where it is too large to be read.
    #[serde(flatten)]
    pub(super) body: Map<String, Value>,
}

impl LetterDocument {
    pub(super) fn new(info: DeadLetterInfo, letter: &ReceivedMessage) -> Self {
        let (name, text) = message_json::body(letter);
        let mut body = Map::new();
        body.insert(name.to_owned(), Value::String(text));
        Self {
            info,
            exchange: letter.exchange.clone(),
            routing_key: letter.routing_key.clone(),
            properties: message_json::properties(&letter.properties),
            headers: message_json::headers(&letter.properties),
            body,
        }
    }
}
