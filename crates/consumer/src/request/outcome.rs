//! The outcome of a request, before it is recorded.

use chrono::{DateTime, Utc};
use rules::{BookingStates, FailedReason, Opening, Rejection};
use uuid::Uuid;

use super::command_result::OpenedLock;
use crate::state::{failure::Failure, ledger::Claim};

/// The outcome of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Salto accepted the command.
    Opened {
        opening: Opening,
        lock_id: Uuid,
        iq_id: String,
        /// When the command that opened it was sent.
        sent_at: DateTime<Utc>,
        opened_at: DateTime<Utc>,
        booking_ends_at: DateTime<Utc>,
    },
    /// The rules rejected the request.
    Rejected(Rejection),
    /// The rules allowed it, and the door could not be opened.
    Failed { failure: Failure, lock_id: Option<Uuid>, iq_id: Option<String> },
}

impl Outcome {
    /// The door opened at that time, through that IQ.
    pub(super) fn opened(claim: &Claim, opening: Opening, opened: OpenedLock) -> Self {
        let OpenedLock { lock_id, iq_id, sent_at, opened_at } = opened;
        let states = claim.booking.iter().flat_map(BookingStates::all);
        let booking_ends_at = states.map(|state| state.ends_at).max().unwrap_or(opened_at);
        // Doors may open for longer than the booking lasts.
        let booking_ends_at = booking_ends_at.max(opening.window.closes_at);
        Self::Opened { opening, lock_id, iq_id, sent_at, opened_at, booking_ends_at }
    }

    /// When the command was sent that opened the door.
    pub(super) const fn command_sent_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Opened { sent_at, .. } => Some(*sent_at),
            Self::Rejected(_) | Self::Failed { .. } => None,
        }
    }

    /// A command was not answered and may not be repeated. The outcome stays unknown, whatever Salto
    /// answers later.
    pub(super) fn unknown(lock_id: Option<Uuid>) -> Self {
        let detail = "a command went unanswered: the door may have opened or not";
        let failure = Failure::new(FailedReason::OutcomeUnknown, detail);
        Self::Failed { failure, lock_id, iq_id: None }
    }
}
