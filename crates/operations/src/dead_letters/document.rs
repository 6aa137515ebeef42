//! A whole dead letter as one JSON object: for `show`, `export` and the archive of `drop`.

use publisher::ReceivedMessage;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{info::DeadLetterInfo, message_json};

/// Everything that the broker delivered.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterDocument {
    /// What a listing shows of it.
    #[serde(flatten)]
    pub info: DeadLetterInfo,
    /// The exchange of the dead letter.
    pub exchange: String,
    /// Its routing key.
    pub routing_key: String,
    /// The properties that are set, by name.
    #[schema(value_type = Object)]
    pub properties: Map<String, Value>,
    /// The headers by name.
    #[schema(value_type = Object)]
    pub headers: Map<String, Value>,
    /// `body`, `body_base64` where it is not text, or `body_left_out` where it is too large to be read.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub body: Map<String, Value>,
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
