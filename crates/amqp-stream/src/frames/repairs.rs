//! What was changed in a message, and the headers that say so.

/// A header that the filter adds to a message in which it had to change something: a text for people. A copy
/// of the message keeps it, because the copy has the changed names.
pub const REPAIRED_HEADER: &str = "postern-repaired";

/// A header that the filter adds to a message whose body it left out: the size of the body in bytes. No
/// publisher can add it.
pub const BODY_BYTES_HEADER: &str = "postern-body-bytes";

/// The types of the two headers' values.
const TYPE_TEXT: u8 = b'S';
const TYPE_NUMBER: u8 = b'l';

/// What was changed in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Repairs {
    /// Exchange or routing key.
    pub(super) address: bool,
    /// Another property.
    pub(super) property: bool,
    /// The name of a header.
    pub(super) header_name: bool,
    /// A table or array became bytes.
    pub(super) nested: bool,
    /// Properties or headers could not be read, and are left out.
    pub(super) unreadable: bool,
    /// Headers are left out, because the frame was too large.
    pub(super) too_large: bool,
}

impl Repairs {
    /// Whether something was changed.
    pub(super) fn any(self) -> bool {
        self != Self::default()
    }

    fn text(self) -> String {
        let made = [
            (self.address, "exchange or routing key: bytes that are not UTF-8 became ?"),
            (self.property, "properties: bytes that are not UTF-8 became ?"),
            (self.header_name, "names of headers: bytes that are not UTF-8 became ?"),
            (self.nested, "headers: tables nested too deep, too long or malformed became bytes"),
            (self.unreadable, "properties or headers that cannot be read were left out"),
            (self.too_large, "the largest headers were left out: they do not fit into a frame"),
        ];
        let made: Vec<_> = made.into_iter().filter(|(is, _)| *is).map(|(_, text)| text).collect();
        made.join("; ")
    }
}

/// Whether the name is that of a header which no publisher may add.
pub(super) fn is_reserved(name: &[u8]) -> bool {
    name == BODY_BYTES_HEADER.as_bytes()
}

/// The entries of a table that say what was changed, and the size of a body that was left out.
pub(super) fn entries(repairs: Repairs, body_left_out: Option<u64>) -> Vec<u8> {
    let mut entries = Vec::new();
    if repairs.any() {
        let text = repairs.text();
        push_name(&mut entries, REPAIRED_HEADER, TYPE_TEXT);
        entries.extend(u32::try_from(text.len()).unwrap_or_default().to_be_bytes());
        entries.extend(text.as_bytes());
    }
    if let Some(size) = body_left_out {
        push_name(&mut entries, BODY_BYTES_HEADER, TYPE_NUMBER);
        entries.extend(i64::try_from(size).unwrap_or(i64::MAX).to_be_bytes());
    }
    entries
}

fn push_name(entries: &mut Vec<u8>, name: &str, kind: u8) {
    entries.push(u8::try_from(name.len()).unwrap_or_default());
    entries.extend(name.as_bytes());
    entries.push(kind);
}
