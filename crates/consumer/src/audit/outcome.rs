//! The outcomes that a line of the audit may have.

use serde::{Deserialize, Serialize};

/// The outcome of a request, or what else the line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// Salto accepted the command.
    Opened,
    /// The rules rejected the request.
    Rejected,
    /// The rules allowed it, and the door could not be opened.
    Failed,
    /// Salto's own record shows the opening, after [`Self::Opened`] (`docs/contract.md`, Answers).
    Confirmed,
    /// A person's action was done.
    Done,
    /// A person's action was refused.
    Refused,
    /// A person or a program has changed or removed the integration, or stored a new one.
    Changed,
}

impl AuditOutcome {
    /// All outcomes.
    pub const ALL: [Self; 7] = [
        Self::Opened,
        Self::Rejected,
        Self::Failed,
        Self::Confirmed,
        Self::Changed,
        Self::Done,
        Self::Refused,
    ];

    /// The code in a line.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Confirmed => "confirmed",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Changed => "changed",
        }
    }
}
