//! Texts cut off at the limits of AMQP.

use lapin::types::{MAX_SHORT_STRING_LENGTH, ShortString};

/// AMQP's short string, cut off where it would be too long (the client would panic).
pub(crate) fn short_string(text: &str) -> ShortString {
    prefix(text, MAX_SHORT_STRING_LENGTH).into()
}

/// The longest beginning of `text` of at most `bytes` bytes.
pub(crate) fn prefix(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
