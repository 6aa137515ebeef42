//! The answer to a request, as metrics, log lines and traces show it.

use events::{Outbound, OutboundData};

/// The answer to a request, in short.
pub(super) struct Answer {
    pub(super) decision: &'static str,
    /// Empty where the door opened.
    pub(super) reason: &'static str,
    pub(super) attempts: u32,
}

impl Answer {
    /// None where the event is no answer.
    pub(super) fn of(terminal: &Outbound) -> Option<Self> {
        let (decision, reason, attempts) = match &terminal.data {
            OutboundData::Opened(data) => ("opened", "", data.attempts),
            OutboundData::OpenRejected(data) => ("rejected", data.reason.code(), data.attempts),
            OutboundData::OpenFailed(data) => ("failed", data.reason.code(), data.attempts),
            // These are no terminal events: no request ends in one.
            OutboundData::CheckIn(_)
            | OutboundData::OpenConfirmed(_)
            | OutboundData::IqAttention(_)
            | OutboundData::IntegrationAttention(_)
            | OutboundData::BookingAtRisk(_) => return None,
        };
        Some(Self { decision, reason, attempts })
    }
}
