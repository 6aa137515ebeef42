//! An id as part of a key.

use std::fmt::Write as _;

/// Adds an id as part of a key: without `:`, so that no two pairs of ids share a key.
pub(super) fn push_encoded(key: &mut String, id: &str) {
    for character in id.chars() {
        if matches!(character, ':' | '%') || character.is_ascii_control() || character == ' ' {
            // Writing to a String cannot fail.
            let _ = write!(key, "%{:02X}", u32::from(character));
        } else {
            key.push(character);
        }
    }
}

/// The id that a part of a key was made of.
pub(super) fn decode(part: &str) -> Option<String> {
    let mut whole = String::with_capacity(part.len());
    let mut rest = part;
    while let Some((before, after)) = rest.split_once('%') {
        let (code, after) = after.split_at_checked(2)?;
        whole.push_str(before);
        whole.push(char::from(u8::from_str_radix(code, 16).ok()?));
        rest = after;
    }
    whole.push_str(rest);
    Some(whole)
}
