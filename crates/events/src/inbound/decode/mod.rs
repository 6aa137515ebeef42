//! Decoding a message: `content` finds the event in headers and body, `json` reads the text and refuses
//! invalid JSON, `envelope` reads the CloudEvent, `members` a single member; `error` is their error.

pub(crate) mod content;
pub(crate) mod envelope;
pub(crate) mod error;
pub(crate) mod json;
pub(crate) mod members;
