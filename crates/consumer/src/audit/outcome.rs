//! What a line of the audit says of its request or action.

use serde::{Deserialize, Serialize};

/// The outcome of a request or an action.
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
}

impl AuditOutcome {
    /// All outcomes.
    pub const ALL: [Self; 6] =
        [Self::Opened, Self::Rejected, Self::Failed, Self::Confirmed, Self::Done, Self::Refused];

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
        }
    }
}
