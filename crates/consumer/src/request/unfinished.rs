//! Why a delivery has not ended its request.

use std::time::Duration;

use events::RefusedMessage;

use super::{
    audit::Unaudited,
    report::{Unreported, parked_without_queue},
};
use crate::{
    broker::{
        dead_letter::PARKED_WITHOUT_DEAD_LETTER,
        session_handle::{Abandoned, Unpublished, Unstored},
        wait_reason::WaitReason,
    },
    state::{ledger::RecordedOutcome, store::RecordError},
};

/// Why a request has not ended with this delivery.
pub(super) enum Unfinished {
    /// The worker stops or its session is lost.
    Abandoned,
    /// It waits for longer than it may keep its place.
    Wait(Duration, WaitReason),
    /// A record that it needs could not be used.
    Record(RecordError),
    /// It is refused: its id was used before, for another request.
    Refused(RefusedMessage),
}

impl From<Abandoned> for Unfinished {
    fn from(Abandoned: Abandoned) -> Self {
        Self::Abandoned
    }
}

impl From<Unstored> for Unfinished {
    fn from(unstored: Unstored) -> Self {
        match unstored {
            Unstored::Abandoned => Self::Abandoned,
            Unstored::Record(error) => Self::Record(error),
        }
    }
}

impl Unfinished {
    pub(super) fn unreported(unreported: Unreported, outcome: &RecordedOutcome) -> Self {
        match unreported {
            Unreported::Unpublished(Unpublished::Abandoned) => Self::Abandoned,
            // The outcome is in the ledger: the next owner of the message publishes it.
            Unreported::Unpublished(Unpublished::NoQueue) => {
                Self::Wait(parked_without_queue(outcome), WaitReason::AnswerQueue)
            }
            Unreported::Record(error) => Self::Record(error),
        }
    }

    /// The dead letter of a failed request is not made. Its outcome is in the ledger: the next owner of the
    /// message makes it.
    pub(super) fn without_dead_letter(unpublished: Unpublished) -> Self {
        match unpublished {
            Unpublished::Abandoned => Self::Abandoned,
            Unpublished::NoQueue => {
                Self::Wait(PARKED_WITHOUT_DEAD_LETTER, WaitReason::DeadLetterQueue)
            }
        }
    }
}

impl From<Unaudited> for Unfinished {
    fn from(unaudited: Unaudited) -> Self {
        match unaudited {
            Unaudited::Unstored(unstored) => unstored.into(),
            // The line is in the ledger: the next owner of the message writes it.
            Unaudited::Unwritten(wait) => Self::Wait(wait, WaitReason::AuditSink),
        }
    }
}
