//! What a request waits for.

/// Why a request waits before it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WaitReason {
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
}

impl WaitReason {
    /// The label in metrics and log lines.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Booking => "booking",
            Self::NextAttempt => "next_attempt",
            Self::Preparation => "preparation",
            Self::IqPermit => "iq_permit",
            Self::OtherWorker => "other_worker",
            Self::AnswerQueue => "answer_queue",
            Self::AuditSink => "audit_sink",
        }
    }
}
