//! The parts of an explanation: the request, the booking, and the rules.

use chrono::{DateTime, Utc};
use consumer::audit::TiedState;
use events::{Outbound, OutboundData};
use rules::{BookingStates, FailedReason, RuleInput, RuleResult, RuleStep};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::records::{FoundBooking, FoundRequest};

/// The record of a request in the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestReport {
    /// The id of its event.
    pub id: String,
    /// The source of its event.
    pub source: String,
    /// When a worker first took it.
    pub taken_at: Option<DateTime<Utc>>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// The commands that were written.
    pub attempts: u32,
    /// The commands without an answer.
    pub commands_in_doubt: u32,
    /// Since when there are any.
    pub in_doubt_since: Option<DateTime<Utc>>,
    /// The failed attempts.
    pub failures: u32,
    /// Why the last attempt failed.
    pub last_cause: Option<String>,
    /// The worker that acts on it.
    pub claimed_by: Option<String>,
    /// Until when it may.
    pub claimed_until: Option<DateTime<Utc>>,
    /// Whether that worker sends its heartbeat.
    pub claimant_alive: Option<bool>,
    /// No command is sent before.
    pub not_before: Option<DateTime<Utc>>,
    /// Whether it has a dead letter.
    pub dead_lettered: bool,
    /// `confirmed` or `unconfirmed`, where the opening was to be confirmed by Salto's own record.
    pub confirmation: Option<&'static str>,
    /// The event that confirms the opening.
    #[schema(value_type = Option<Object>)]
    pub confirmed: Option<Outbound>,
    /// The routing key for which its answer waits until a queue takes it.
    pub waits_for_queue: Option<String>,
    /// Since when no queue takes it.
    pub no_queue_since: Option<DateTime<Utc>>,
    /// The event that is the answer to it.
    #[schema(value_type = Option<Object>)]
    pub outcome: Option<Outbound>,
}

/// The newest known states of a booking. What tied states differ in is null, but for the objects,
/// which are those that all of them have.
#[derive(Debug, Serialize, ToSchema)]
pub struct BookingReport {
    /// The id of the integration.
    pub integration_id: String,
    /// The id of the booking.
    pub booking_id: String,
    /// Whether a state of it is stored.
    pub known: bool,
    /// The status.
    pub status: Option<String>,
    /// The booked objects.
    pub object_ids: Vec<String>,
    /// When it starts.
    pub starts_at: Option<DateTime<Utc>>,
    /// When it ends.
    pub ends_at: Option<DateTime<Utc>>,
    /// The revision of the newest state.
    pub revision: Option<u64>,
    /// The time of the event with this state.
    pub told_at: Option<DateTime<Utc>>,
    /// Whether a door of it was opened before.
    pub opened_before: bool,
    /// The states of the booking, where several have the same version.
    #[schema(value_type = Vec<Object>)]
    pub tied: Vec<TiedState>,
    /// Whether more are tied than are kept.
    pub tied_left_out: bool,
}

/// A rule, its answer and its inputs.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleReport {
    /// The code of the rule.
    pub rule: &'static str,
    /// `yes`, `no`, `moot`, `expired`.
    pub verdict: &'static str,
    /// The reason of a rejection.
    pub reason: Option<&'static str>,
    /// The reason as text.
    pub detail: Option<String>,
    /// The inputs by name.
    #[schema(value_type = Object)]
    pub seen: Map<String, Value>,
    /// The rule as it was evaluated.
    #[serde(skip)]
    pub step: RuleStep,
}

impl From<RuleStep> for RuleReport {
    fn from(step: RuleStep) -> Self {
        let (verdict, no) = match &step.result {
            RuleResult::Yes => ("yes", None),
            RuleResult::No(no) => ("no", Some(no)),
            RuleResult::Expired => ("expired", None),
            RuleResult::NotApplicable => ("moot", None),
        };
        let value = |input: &RuleInput| match input {
            RuleInput::Text(text) => json!(text),
            RuleInput::Texts(texts) => json!(texts),
            RuleInput::Time(time) => json!(time),
            RuleInput::Number(number) => json!(number),
            RuleInput::Lock(lock) => json!(lock),
        };
        Self {
            rule: step.rule.code(),
            verdict,
            reason: no.map(|no| no.reason.code()),
            detail: no.map(|no| no.detail.clone()),
            seen: step.inputs.iter().map(|(name, it)| ((*name).to_owned(), value(it))).collect(),
            step,
        }
    }
}

fn is_outcome_unknown(outcome: &Outbound) -> bool {
    match &outcome.data {
        OutboundData::OpenFailed(failed) => failed.reason == FailedReason::OutcomeUnknown,
        OutboundData::Opened(_)
        | OutboundData::CheckIn(_)
        | OutboundData::OpenRejected(_)
        | OutboundData::OpenConfirmed(_)
        | OutboundData::IqAttention(_)
        | OutboundData::IntegrationAttention(_)
        | OutboundData::BookingAtRisk(_) => false,
    }
}

impl From<FoundRequest> for RequestReport {
    fn from(FoundRequest { key, mut record, unrouted }: FoundRequest) -> Self {
        // An answer ends the claim; it also ends the doubt, unless it is outcome_unfound.
        if let Some(outcome) = &record.outcome {
            record.claim = None;
            if !is_outcome_unknown(outcome) {
                (record.doubts, record.in_doubt_since) = (0, None);
            }
        }
        Self {
            id: key.id,
            source: key.source,
            taken_at: record.taken_at,
            expires_at: record.expires_at,
            attempts: record.attempts,
            commands_in_doubt: record.doubts,
            in_doubt_since: record.in_doubt_since,
            failures: record.failures,
            last_cause: record.cause.map(|(reason, detail)| format!("{reason}: {detail}")),
            claimed_until: record.claim.as_ref().map(|claim| claim.until),
            claimant_alive: record.claim.as_ref().map(|claim| claim.alive),
            claimed_by: record.claim.map(|claim| claim.worker),
            not_before: record.not_before,
            dead_lettered: record.dead_lettered,
            confirmation: match (&record.confirmed, record.to_be_confirmed) {
                (Some(_), _) => Some("confirmed"),
                (None, true) => Some("unconfirmed"),
                (None, false) => None,
            },
            confirmed: record.confirmed,
            no_queue_since: unrouted.as_ref().map(|unrouted| unrouted.since),
            waits_for_queue: unrouted.map(|unrouted| unrouted.routing_key),
            outcome: record.outcome,
        }
    }
}

impl From<FoundBooking> for BookingReport {
    fn from(found: FoundBooking) -> Self {
        let states = found.states.as_ref();
        Self {
            integration_id: found.integration_id,
            booking_id: found.booking_id,
            known: states.is_some(),
            starts_at: states.and_then(|it| it.agreed(|state| state.starts_at)),
            ends_at: states.and_then(|it| it.agreed(|state| state.ends_at)),
            revision: found.version.and_then(|version| version.revision),
            told_at: found.version.map(|version| version.time),
            opened_before: found.checked_in,
            status: states.and_then(|it| it.agreed(|state| state.status.clone())),
            object_ids: states.map(BookingStates::shared_objects).unwrap_or_default(),
            tied: states.map(TiedState::of).unwrap_or_default(),
            tied_left_out: states.is_some_and(|it| !it.is_complete()),
        }
    }
}
