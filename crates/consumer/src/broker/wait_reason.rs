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
