//! What a parked message waits for.

/// Why a message waits before it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitReason {
    /// Its booking is unknown.
    Booking,
    /// The next attempt is not due yet.
    NextAttempt,
    /// Salto has not delivered yet what a command needs.
    Preparation,
    /// All permits of the IQ are taken.
    IqPermit,
    /// Another worker acts on it.
    OtherWorker,
    /// No queue takes its answer.
    AnswerQueue,
    /// The answer's audit line cannot be written.
    AuditSink,
    /// Its integration has as many places as it may have.
    Place,
    /// It may end its worker, and another such message is being handled.
    PoisonGuard,
    /// A record in Redis cannot be used.
    Record,
    /// The queue of dead letters does not take it.
    DeadLetterQueue,
}

impl WaitReason {
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
        Self::Booking,
        Self::NextAttempt,
        Self::Preparation,
        Self::IqPermit,
        Self::OtherWorker,
        Self::AnswerQueue,
        Self::AuditSink,
        Self::Place,
        Self::PoisonGuard,
        Self::Record,
        Self::DeadLetterQueue,
    ];

    /// The label in metrics and log lines.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Booking => "booking",
            Self::NextAttempt => "next_attempt",
            Self::Preparation => "preparation",
            Self::IqPermit => "iq_permit",
            Self::OtherWorker => "other_worker",
            Self::AnswerQueue => "answer_queue",
            Self::AuditSink => "audit_sink",
            Self::Place => "place",
            Self::PoisonGuard => "poison_guard",
            Self::Record => "record",
            Self::DeadLetterQueue => "dead_letter_queue",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_all() {
        let source = include_str!("wait_reason.rs");
        let codes = source.lines().filter(|line| line.trim_start().starts_with("Self::"));
        // Each has one line in the list, and one with its code.
        assert_eq!(2 * WaitReason::ALL.len(), codes.count());
    }
}
