//! Reading single fields, and repairing short strings in place.

use std::ops::Range;

/// Stands for each byte that is not UTF-8.
pub(super) const REPLACEMENT: u8 = b'?';

/// The bytes end before the field does, or its type is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

/// The number of `N` bytes at `at`.
pub(super) fn bytes<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Unreadable> {
    let field = bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
    field.copied().ok_or(Unreadable)
}

/// The range of what follows a length of one byte at `at`.
pub(super) fn short(source: &[u8], at: usize) -> Result<Range<usize>, Unreadable> {
    let [length] = bytes(source, at)?;
    range(source, at + 1, usize::from(length))
}

/// The range of what follows a length of four bytes at `at`.
pub(super) fn long(source: &[u8], at: usize) -> Result<Range<usize>, Unreadable> {
    let length = u32::from_be_bytes(bytes(source, at)?);
    range(source, at + 4, usize::try_from(length).map_err(|_| Unreadable)?)
}

/// The range of `length` bytes from `start`.
pub(super) fn range(
    source: &[u8],
    start: usize,
    length: usize,
) -> Result<Range<usize>, Unreadable> {
    let end = start.checked_add(length).filter(|end| *end <= source.len());
    Ok(start..end.ok_or(Unreadable)?)
}

/// Replaces each byte of `text` that is not UTF-8. Whether there was one.
pub(super) fn replace_invalid(mut text: &mut [u8]) -> bool {
    let mut replaced = false;
    while let Err(error) = std::str::from_utf8(text) {
        let rest = &mut text[error.valid_up_to()..];
        let invalid = error.error_len().unwrap_or(rest.len());
        rest[..invalid].fill(REPLACEMENT);
        text = &mut rest[invalid..];
        replaced = true;
    }
    replaced
}
