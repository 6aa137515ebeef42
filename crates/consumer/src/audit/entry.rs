//! A line of the audit.

use chrono::{DateTime, SubsecRound, Utc};
use events::{ConfirmationSource, Outbound, OutboundData, RequestRef, trace_id};
use rules::BookingStates;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AuditOutcome, integration_change::IntegrationChangeLine};

/// A decided request, the confirmation of its opening, a change of an integration, or another action of a person or a program: ids, codes, times and postern's own texts, no personal data and no secret. In JSON
/// an unknown member is left out, and the members keep this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The event's id; a line that is written twice has one id.
    pub id: Uuid,
    /// When the request was decided, or the confirmation was seen: the event's time.
    pub at: DateTime<Utc>,
    /// The integration; empty where an action concerns none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub integration_id: String,
    /// What a person or a program did, such as `sign-in`, where the line is no decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The booking; empty where an operator opened the door.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub booking_id: String,
    /// The object that was opened or that the request names, or the only one of the booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_id: Option<String>,
    /// The request's own opaque reference to a person (`docs/contract.md`, Inbound).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// The operator who opened the door, changed the integration or did the action: a user of the operating system
    /// for a command, else a user or token of the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// Why, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_reason: Option<String>,
    /// `id` of the request.
    pub request_id: String,
    /// `source` of the request.
    pub request_source: String,
    /// The outcome.
    pub outcome: AuditOutcome,
    /// The rejected or failed reason (`docs/contract.md`, Outbound).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason in plain words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When the booking's window opens, where the request came too early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<DateTime<Utc>>,
    /// The lock, where the rules found one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_id: Option<Uuid>,
    /// The IQ that reaches the lock, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iq_id: Option<String>,
    /// Commands written to Salto for this request.
    pub attempts: u32,
    /// When the lock opened, by Salto's own record, where the line is a confirmation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<DateTime<Utc>>,
    /// Where Salto's own record shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_in: Option<ConfirmationSource>,
    /// Whether the request was rehearsed, so that no command was to be sent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rehearsal: bool,
    /// The trace id of the request's `traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What was changed, where the line is about a change of an integration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<IntegrationChangeLine>,
    /// What the rules read, where the line is a decision.
    #[serde(rename = "saw", default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Inputs>,
}

/// What the rules read when they decided. The booking's members are missing where it was unknown, and
/// where its tied states differ in them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// The booking's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_status: Option<String>,
    /// Its revision, where the booking system counts revisions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_revision: Option<u64>,
    /// The begin of the booked time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<DateTime<Utc>>,
    /// The end of the booked time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<DateTime<Utc>>,
    /// The states of the booking, where several were tied (`docs/contract.md`, Order of a booking's
    /// events).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tied: Vec<TiedState>,
    /// When the request was first taken from the queue.
    pub taken_at: DateTime<Utc>,
    /// When the request expires.
    pub expires_at: DateTime<Utc>,
}

/// One of several tied states of a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TiedState {
    /// The booking's status.
    pub booking_status: String,
    /// The booked objects.
    pub object_ids: Vec<String>,
    /// The begin of the booked time.
    pub starts_at: DateTime<Utc>,
    /// The end of the booked time.
    pub ends_at: DateTime<Utc>,
}

impl TiedState {
    /// The tied states of a booking; none where it has one state.
    #[must_use]
    pub fn of(states: &BookingStates) -> Vec<Self> {
        if !states.is_tied() {
            return Vec::new();
        }
        let tied = states.all().iter().map(|state| Self {
            booking_status: state.status.clone(),
            object_ids: state.object_ids.clone(),
            starts_at: state.starts_at,
            ends_at: state.ends_at,
        });
        tied.collect()
    }
}

impl AuditEntry {
    /// The line of a terminal event; other events have none. `asked`: the object that the request
    /// names, or the only one of the booking.
    pub(crate) fn new(terminal: &Outbound, asked: Option<String>, inputs: Inputs) -> Option<Self> {
        let entry = |request: &RequestRef, outcome, attempts| Self {
            object_id: asked.clone(),
            attempts,
            inputs: Some(inputs.clone()),
            ..Self::about(terminal, request, outcome)
        };
        match &terminal.data {
            OutboundData::Opened(data) => Some(Self {
                object_id: Some(data.object_id.clone()),
                lock_id: Some(data.lock_id),
                iq_id: Some(data.iq_id.clone()),
                ..entry(&data.request, AuditOutcome::Opened, data.attempts)
            }),
            OutboundData::OpenRejected(data) => Some(Self {
                reason: Some(data.reason.code().to_owned()),
                detail: Some(data.detail.clone()),
                opens_at: data.opens_at,
                ..entry(&data.request, AuditOutcome::Rejected, data.attempts)
            }),
            OutboundData::OpenFailed(data) => Some(Self {
                reason: Some(data.reason.code().to_owned()),
                detail: Some(data.detail.clone()),
                lock_id: data.lock_id,
                iq_id: data.iq_id.clone(),
                ..entry(&data.request, AuditOutcome::Failed, data.attempts)
            }),
            OutboundData::CheckIn(_)
            | OutboundData::OpenConfirmed(_)
            | OutboundData::IqAttention(_)
            | OutboundData::IntegrationAttention(_)
            | OutboundData::BookingAtRisk(_) => None,
        }
    }

    /// The line of a confirmed opening.
    pub(crate) fn of_confirmation(event: &Outbound) -> Option<Self> {
        let OutboundData::OpenConfirmed(data) = &event.data else { return None };
        Some(Self {
            object_id: Some(data.object_id.clone()),
            lock_id: Some(data.lock_id),
            iq_id: Some(data.iq_id.clone()),
            opened_at: Some(data.opened_at),
            seen_in: Some(data.seen_in),
            ..Self::about(event, &data.request, AuditOutcome::Confirmed)
        })
    }

    /// What all lines about a request's event have.
    fn about(event: &Outbound, request: &RequestRef, outcome: AuditOutcome) -> Self {
        Self {
            id: event.id,
            at: event.time.trunc_subsecs(6),
            integration_id: request.integration_id.clone(),
            action: None,
            booking_id: request.booking_id.clone(),
            object_id: None,
            requested_by: request.requested_by.clone(),
            operator: None,
            operator_reason: None,
            request_id: request.request_id.clone(),
            request_source: request.request_source.clone(),
            outcome,
            reason: None,
            detail: None,
            opens_at: None,
            lock_id: None,
            iq_id: None,
            attempts: 0,
            opened_at: None,
            seen_in: None,
            rehearsal: event.rehearsal,
            trace_id: event.traceparent.as_deref().and_then(trace_id).map(str::to_owned),
            change: None,
            inputs: None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it by reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests;
