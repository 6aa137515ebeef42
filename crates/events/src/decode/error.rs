//! Why a message is not an event of the contract.

use std::fmt;

/// What kind of wrong a message is; the `postern-reason` of its dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecodeCode {
    /// Too large, no JSON, nested too deeply, no object, or a member twice in one object.
    Malformed,
    /// An event, but not of the type that belongs in this queue.
    UnknownType,
    /// The right type, but not as the contract has it.
    SchemaViolation,
}

impl DecodeCode {
    /// The code on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownType => "unknown_type",
            Self::SchemaViolation => "schema_violation",
        }
    }
}

impl fmt::Display for DecodeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A message that is not an event of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct DecodeError {
    /// The kind.
    pub code: DecodeCode,
    /// Which member, or where, and what is allowed. Never a value of the message nor a name the
    /// contract does not know: they may be somebody's personal data.
    pub detail: String,
}

impl DecodeError {
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self { code: DecodeCode::Malformed, detail: detail.into() }
    }

    pub(crate) fn unknown_type(detail: impl Into<String>) -> Self {
        Self { code: DecodeCode::UnknownType, detail: detail.into() }
    }

    pub(crate) fn violation(detail: impl Into<String>) -> Self {
        Self { code: DecodeCode::SchemaViolation, detail: detail.into() }
    }
}
