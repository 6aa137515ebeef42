//! A fault as a handler sees it whose call is carried out in spite of it.

use chrono::{DateTime, Utc};

use super::spec::FaultKind;

/// A request extension. It is set where a call is carried out and a fault applies to it.
#[derive(Clone)]
pub(crate) struct AppliedFault {
    pub(crate) kind: FaultKind,
    /// When the call was received, by the machine's clock.
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) wire_status: WireStatus,
}

/// The status that the caller receives.
#[derive(Clone, Copy)]
pub(crate) enum WireStatus {
    /// That of the handler.
    Unchanged,
    /// This one in its place.
    Replaced(u16),
    /// None: the connection ends without an answer.
    None,
}

impl WireStatus {
    /// The status on the wire where the handler answers `status`.
    pub(crate) fn of(self, status: u16) -> Option<u16> {
        match self {
            Self::Unchanged => Some(status),
            Self::Replaced(status) => Some(status),
            Self::None => None,
        }
    }
}
