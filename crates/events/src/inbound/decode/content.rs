//! The content of a message: the event in its body (structured mode), or its attributes in the headers and
//! its data in the body (binary mode), as the CloudEvents binding for AMQP has it.

use super::error::DecodeError;
use super::json::{self, Json, Object};

/// The beginnings of headers that hold attributes of an event in binary mode.
pub const ATTRIBUTE_PREFIXES: [&str; 2] = ["cloudEvents:", "cloudEvents_"];

/// The content types of an event, and of several, in structured mode.
const STRUCTURED: &str = "application/cloudevents";
const BATCH: &str = "application/cloudevents-batch";

/// The attribute that every event has.
const REQUIRED_ATTRIBUTE: &str = "specversion";

const BATCHES_ARE_REFUSED: &str =
    "this is a batch of events; batches are refused: publish each event in a message of its own";

/// The content of a received message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content<'a> {
    /// The body.
    pub body: &'a [u8],
    /// The property `content_type`.
    pub content_type: Option<&'a str>,
    /// The headers with one of the [`ATTRIBUTE_PREFIXES`], without it, as text.
    pub attributes: Vec<(&'a str, String)>,
}

/// A body in structured mode.
impl<'a> From<&'a [u8]> for Content<'a> {
    fn from(body: &'a [u8]) -> Self {
        Self { body, ..Self::default() }
    }
}

/// A body in structured mode.
impl<'a> From<&'a Vec<u8>> for Content<'a> {
    fn from(body: &'a Vec<u8>) -> Self {
        Self::from(body.as_slice())
    }
}

impl Content<'_> {
    /// The members of the event: in binary mode, its attributes and its data put together.
    ///
    /// A message is in binary mode where headers name its `specversion` and its content type is not one of
    /// CloudEvents.
    pub(crate) fn read(&self) -> Result<Object, DecodeError> {
        let content_type = self.content_type.unwrap_or_default().trim().to_ascii_lowercase();
        let binary = self.is_binary(&content_type);
        if content_type.starts_with(BATCH) || (!binary && self.is_list()) {
            return Err(DecodeError::malformed(BATCHES_ARE_REFUSED));
        }
        if !binary {
            return json::read(self.body);
        }
        let data = json::read(self.body)?;
        let mut event = Object::from([("data", Json::Object(data))]);
        for (name, value) in &self.attributes {
            let Some(known) = json::known(name).filter(|name| *name != "data") else { continue };
            let value = Json::Text(value.clone());
            match event.insert(known, value.clone()) {
                Some(other) if other != value => {
                    let detail = format!("the attribute `{known}` has two values in the headers");
                    return Err(DecodeError::malformed(detail));
                }
                Some(_) | None => {}
            }
        }
        Ok(event)
    }

    fn is_binary(&self, content_type: &str) -> bool {
        !content_type.starts_with(STRUCTURED)
            && self.attributes.iter().any(|(name, _)| *name == REQUIRED_ATTRIBUTE)
    }

    /// Whether the body is a JSON array, as far as its first character tells.
    fn is_list(&self) -> bool {
        let body = json::without_mark(self.body);
        body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
    }
}
