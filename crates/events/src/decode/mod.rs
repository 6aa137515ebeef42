//! From bytes to what the contract knows of them: [`json`] reads the text and refuses what is no
//! good JSON, [`envelope`] the CloudEvent, [`members`] one member each; [`error`] is what they say.

pub(crate) mod envelope;
pub(crate) mod error;
pub(crate) mod json;
pub(crate) mod members;
