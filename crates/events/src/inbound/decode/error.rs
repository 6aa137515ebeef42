//! The error of a message that is not an event of the contract (`docs/contract.md`, Inbound).

use rules::coded_enum;

use crate::limits;

coded_enum! {
    /// The kind of a decode error; its code is the `postern-reason` of the dead letter.
    pub enum DecodeErrorKind {
        /// Too large, not JSON, nested too deeply, not an object, or with a duplicate member.
        Malformed = "malformed",
        /// An event of a type that does not belong in this queue.
        UnknownType = "unknown_type",
        /// The right type, with a member that is missing or not allowed.
        SchemaViolation = "schema_violation",
    }
}

/// A message that is not an event of the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct DecodeError {
    /// The kind.
    pub kind: DecodeErrorKind,
    /// The member or the place, and what is allowed. It never contains a value of the message or a
    /// name that the contract does not know, because they may be personal data.
    pub detail: String,
    /// All mistakes; `detail` has the first of them.
    pub mistakes: Vec<String>,
}

/// The number of mistakes in a `detail`.
const MISTAKES_IN_DETAIL: usize = 5;

impl DecodeError {
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::of(DecodeErrorKind::Malformed, vec![detail.into()])
    }

    /// The body has so many bytes, more than [`limits::BODY`].
    pub(crate) fn body_too_large(bytes: u64) -> Self {
        Self::malformed(format!("the body has {bytes} bytes, at most {} are allowed", limits::BODY))
    }

    pub(crate) fn unknown_type(detail: impl Into<String>) -> Self {
        Self::of(DecodeErrorKind::UnknownType, vec![detail.into()])
    }

    /// Members that are missing or not allowed.
    pub(crate) fn violation(mistakes: Vec<String>) -> Self {
        Self::of(DecodeErrorKind::SchemaViolation, mistakes)
    }

    fn of(kind: DecodeErrorKind, mistakes: Vec<String>) -> Self {
        let shown = mistakes.len().min(MISTAKES_IN_DETAIL);
        let mut detail = mistakes[..shown].join("; ");
        if mistakes.len() > shown {
            detail.push_str(&format!("; and {} more mistakes", mistakes.len() - shown));
        }
        Self { kind, detail, mistakes }
    }
}
