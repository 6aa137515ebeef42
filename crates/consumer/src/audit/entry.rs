//! A line of the audit.

use chrono::{DateTime, SubsecRound, Utc};
use events::{Outbound, OutboundData, RequestRef};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ledger::Claimed, metrics::trace_id, pursuit::Pursuit};

/// A decided request. Its members are all there is: ids, codes, times and our own words, no personal
/// data and no secret. In JSON what is not known is left out, and the members keep this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Of the terminal event; a line that comes twice has one id.
    pub id: Uuid,
    /// When it was decided: the terminal event's time.
    pub at: DateTime<Utc>,
    /// Whose door.
    pub integration_id: String,
    /// By which booking.
    pub booking_id: String,
    /// The object that was opened or asked for, or the only one booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    /// Who asked: what the request says, an opaque reference (contract).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// `id` of the request.
    pub request_id: String,
    /// `source` of the request.
    pub request_source: String,
    /// What it came to.
    pub outcome: Outcome,
    /// The rule that said no, or why the door could not be opened: a code of the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// From when on the door opens, where it was too early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<DateTime<Utc>>,
    /// The lock, where the rules got as far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_id: Option<Uuid>,
    /// The IQ that reaches the lock, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iq_id: Option<String>,
    /// Commands written to Salto for this request.
    pub attempts: u32,
    /// Whether it was decided as if, and no command was meant to leave.
    #[serde(default, skip_serializing_if = "is_not")]
    pub rehearsal: bool,
    /// Of the request's `traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What the rules looked at.
    pub saw: Saw,
}

/// What a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Salto accepted the command.
    Opened,
    /// The rules said no.
    Rejected,
    /// The rules said yes, and the door could not be opened.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Opened, Self::Rejected, Self::Failed];

    /// As a line has it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }
}

/// What the rules looked at when they decided. The booking's members are missing where it was unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saw {
    /// The booking's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_status: Option<String>,
    /// Its revision, where the booking system counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_revision: Option<u64>,
    /// Begin of the booked time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    /// End of the booked time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<DateTime<Utc>>,
    /// When the request was first taken from the queue.
    pub taken_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

impl Saw {
    pub(crate) fn new(claimed: &Claimed, expires_at: DateTime<Utc>) -> Self {
        let booking = claimed.booking.as_ref();
        Self {
            booking_status: booking.map(|booking| booking.status.clone()),
            booking_revision: claimed.booking_revision,
            starts_at: booking.map(|booking| booking.starts_at),
            ends_at: booking.map(|booking| booking.ends_at),
            taken_at: claimed.taken_at.trunc_subsecs(6),
            expires_at,
        }
    }
}

impl Entry {
    /// The line of a terminal event; no other event has one.
    pub(crate) fn of(terminal: &Outbound, pursuit: &Pursuit, claimed: &Claimed) -> Option<Self> {
        let asked = pursuit.request.data.object_id.clone();
        let asked = asked.or_else(|| match claimed.booking.as_ref()?.object_ids.as_slice() {
            [only] => Some(only.clone()),
            [] | [_, _, ..] => None,
        });
        Self::new(terminal, asked, Saw::new(claimed, pursuit.expires_at))
    }

    fn new(terminal: &Outbound, asked: Option<String>, saw: Saw) -> Option<Self> {
        let entry = |request: &RequestRef, outcome, attempts| Self {
            id: terminal.id,
            at: terminal.time.trunc_subsecs(6),
            integration_id: request.integration_id.clone(),
            booking_id: request.booking_id.clone(),
            object_id: asked.clone(),
            requested_by: request.requested_by.clone(),
            request_id: request.request_id.clone(),
            request_source: request.request_source.clone(),
            outcome,
            reason: None,
            detail: None,
            opens_at: None,
            lock_id: None,
            iq_id: None,
            attempts,
            rehearsal: terminal.rehearsal,
            trace_id: terminal.traceparent.as_deref().and_then(trace_id).map(str::to_owned),
            saw: saw.clone(),
        };
        match &terminal.data {
            OutboundData::Opened(data) => Some(Self {
                object_id: Some(data.object_id.clone()),
                lock_id: Some(data.lock_id),
                iq_id: Some(data.iq_id.clone()),
                ..entry(&data.request, Outcome::Opened, data.attempts)
            }),
            OutboundData::OpenRejected(data) => Some(Self {
                reason: Some(data.reason.code().to_owned()),
                detail: Some(data.detail.clone()),
                opens_at: data.opens_at,
                ..entry(&data.request, Outcome::Rejected, data.attempts)
            }),
            OutboundData::OpenFailed(data) => Some(Self {
                reason: Some(data.reason.code().to_owned()),
                detail: Some(data.detail.clone()),
                lock_id: data.lock_id,
                iq_id: data.iq_id.clone(),
                ..entry(&data.request, Outcome::Failed, data.attempts)
            }),
            OutboundData::CheckIn(_) | OutboundData::IqAttention(_) => None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it by reference")]
const fn is_not(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests;
