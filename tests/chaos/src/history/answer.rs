//! The event types and reasons that the judge knows. Each list is compared with postern's own in a test, so a new event
//! type or reason has to be added here; in a history, an unknown one is a violation.

use rules::{FailedReason, RejectedReason};

/// A type of `postern.outbound`. Rehearsals are not expected: no integration of a run rehearses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    Opened,
    OpenRejected,
    OpenFailed,
    CheckIn,
    OpenConfirmed,
    IqAttention,
    IntegrationAttention,
    BookingAtRisk,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Opened,
        Self::OpenRejected,
        Self::OpenFailed,
        Self::CheckIn,
        Self::OpenConfirmed,
        Self::IqAttention,
        Self::IntegrationAttention,
        Self::BookingAtRisk,
    ];

    /// Its name in `type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "lock.opened.v1",
            Self::OpenRejected => "lock.open-rejected.v1",
            Self::OpenFailed => "lock.open-failed.v1",
            Self::CheckIn => "booking.check-in.v1",
            Self::OpenConfirmed => "lock.open-confirmed.v1",
            Self::IqAttention => "iq.attention.v1",
            Self::IntegrationAttention => "integration.attention.v1",
            Self::BookingAtRisk => "booking.at-risk.v1",
        }
    }

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Whether it ends a request.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Opened | Self::OpenRejected | Self::OpenFailed => true,
            Self::CheckIn
            | Self::OpenConfirmed
            | Self::IqAttention
            | Self::IntegrationAttention
            | Self::BookingAtRisk => false,
        }
    }

    /// Whether it is a notice, which no request causes.
    pub fn is_notice(self) -> bool {
        match self {
            Self::IqAttention | Self::IntegrationAttention | Self::BookingAtRisk => true,
            Self::Opened
            | Self::OpenRejected
            | Self::OpenFailed
            | Self::CheckIn
            | Self::OpenConfirmed => false,
        }
    }
}

/// The content of a terminal event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Opened,
    Rejected(RejectedReason),
    Failed(FailedReason),
}

/// The `postern-reason` of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterReason {
    Malformed,
    UnknownType,
    SchemaViolation,
    WrongRoutingKey,
    IdConflict,
    RetriesExhausted,
    Expired,
    DeliveryLimit,
    /// The request failed.
    Failed(FailedReason),
}

impl DeadLetterReason {
    /// All reasons other than those of failed requests.
    pub const WITHOUT_FAILED: [Self; 8] = [
        Self::Malformed,
        Self::UnknownType,
        Self::SchemaViolation,
        Self::WrongRoutingKey,
        Self::IdConflict,
        Self::RetriesExhausted,
        Self::Expired,
        Self::DeliveryLimit,
    ];

    /// Its code in the header (docs/contract.md, RabbitMQ).
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownType => "unknown_type",
            Self::SchemaViolation => "schema_violation",
            Self::WrongRoutingKey => "wrong_routing_key",
            Self::IdConflict => "id_conflict",
            Self::RetriesExhausted => "retries_exhausted",
            Self::Expired => "expired",
            Self::DeliveryLimit => "delivery_limit",
            Self::Failed(reason) => reason.code(),
        }
    }

    /// The reason with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        let other = Self::WITHOUT_FAILED.into_iter().find(|one| one.code() == code);
        other.or_else(|| FailedReason::from_code(code).map(Self::Failed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_judge_knows_every_event_type_that_postern_publishes() {
        let known: BTreeSet<_> = EventType::ALL.into_iter().map(EventType::name).collect();
        let published: BTreeSet<_> = events::OutboundType::ALL.iter().map(|it| it.code()).collect();
        assert_eq!(known, published);
    }

    #[test]
    fn the_judge_knows_every_dead_letter_reason_that_postern_writes() {
        for reason in events::DeadLetterReason::ALL {
            assert!(DeadLetterReason::from_code(reason.code()).is_some(), "{reason}");
        }
    }

    #[test]
    fn codes_of_dead_letter_reasons_can_be_read_back() {
        let failed = FailedReason::ALL.iter().copied().map(DeadLetterReason::Failed);
        for reason in DeadLetterReason::WITHOUT_FAILED.into_iter().chain(failed) {
            assert_eq!(DeadLetterReason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(DeadLetterReason::from_code("no_such_reason"), None);
    }
}
