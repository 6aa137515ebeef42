//! The whole account of a request or a booking, as it is printed.

use chrono::{DateTime, TimeDelta, Utc};
use consumer::Settings;
use events::{Outbound, OutboundData};
use rules::{FailedReason, Rule, RuleInput, RuleResult, RuleStep};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Explain;
use super::door::{self, Door};
use super::known::{Known, KnownRequest, StoredBooking, object_of, told};
use crate::cli::doctor::Access;
use crate::cli::failure::Failure;
use crate::cli::pause;

/// Members that are not known are null.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    pub(super) request: Option<Request>,
    pub(super) booking: Option<Booking>,
    /// The moment that the rules were asked about.
    pub(super) at: DateTime<Utc>,
    pub(super) rules: Vec<Asked>,
    /// `open`, or the reason of the first rule that says no; nothing where no rule could be asked.
    pub(super) decision: Option<&'static str>,
    pub(super) lock_id: Option<Uuid>,
    pub(super) door: Option<Door>,
    /// Why `door` is not known.
    pub(super) door_unknown: Option<String>,
    /// For how long Salto wants no calls for the integration.
    pub(super) pause_seconds: u64,
    /// Whether the integration rehearses, and opens no door.
    pub(super) rehearses: bool,
}

/// A request's record in the ledger.
#[derive(Debug, Serialize)]
pub(super) struct Request {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) taken_at: Option<DateTime<Utc>>,
    pub(super) attempts: u32,
    pub(super) commands_in_doubt: u32,
    pub(super) in_doubt_since: Option<DateTime<Utc>>,
    pub(super) failures: u32,
    pub(super) last_cause: Option<String>,
    pub(super) claimed_by: Option<String>,
    pub(super) claimed_until: Option<DateTime<Utc>>,
    pub(super) claimant_alive: Option<bool>,
    pub(super) not_before: Option<DateTime<Utc>>,
    pub(super) dead_lettered: bool,
    /// The event that answered it.
    pub(super) outcome: Option<Outbound>,
}

/// A booking's newest known state.
#[derive(Debug, Serialize)]
pub(super) struct Booking {
    pub(super) integration_id: String,
    pub(super) booking_id: String,
    pub(super) known: bool,
    pub(super) status: Option<String>,
    pub(super) object_ids: Vec<String>,
    pub(super) starts_at: Option<DateTime<Utc>>,
    pub(super) ends_at: Option<DateTime<Utc>>,
    pub(super) revision: Option<u64>,
    /// The time of the event that told it.
    pub(super) told_at: Option<DateTime<Utc>>,
    pub(super) opened_before: bool,
}

/// A rule, what it said and what it saw.
#[derive(Debug, Serialize)]
pub(super) struct Asked {
    pub(super) rule: &'static str,
    /// `yes`, `no`, `moot`, `expired`.
    pub(super) verdict: &'static str,
    pub(super) reason: Option<&'static str>,
    pub(super) detail: Option<String>,
    pub(super) seen: Map<String, Value>,
    #[serde(skip)]
    pub(super) step: RuleStep,
}

impl Account {
    /// Asks the rules, and where they lead to a lock, Salto.
    pub(super) async fn of(
        settings: &Settings,
        access: &Access<'_>,
        explain: &Explain,
        known: Known,
    ) -> Result<Self, Failure> {
        let outcome = known.request.as_ref().and_then(|request| request.record.outcome.as_ref());
        let now = Utc::now();
        let asked_for = explain.at.map(|moment| moment.at(now));
        let at = asked_for.or(outcome.map(|outcome| outcome.time)).unwrap_or(now);
        let mut account = Self {
            at,
            rules: Vec::new(),
            decision: None,
            lock_id: None,
            door: None,
            door_unknown: None,
            pause_seconds: 0,
            rehearses: false,
            booking: None,
            request: None,
        };
        if let Some(booking) = &known.booking {
            let id = booking.integration_id.as_str();
            let integration = settings.integrations.iter().find(|it| it.rules.id == id);
            let object = explain.object.clone().or(outcome.and_then(object_of).map(str::to_owned));
            let rules = integration.map(|integration| &integration.rules);
            account.rehearses = integration.is_some_and(|it| it.mode.rehearses());
            account.ask(rules, booking, object);
            let pause = access.lookup.pause(id).await.map_err(told)?;
            account.pause_seconds = pause::seconds(pause);
            if let (Some(integration), Some(lock)) = (integration, account.lock_id) {
                let looked = if pause.is_zero() {
                    door::look(access, integration, lock).await
                } else {
                    Err("Salto wants no calls now".to_owned())
                };
                match looked {
                    Ok(door) => account.door = Some(door),
                    Err(why) => account.door_unknown = Some(why),
                }
            }
        }
        account.booking = known.booking.map(Booking::from);
        account.request = known.request.map(Request::from);
        Ok(account)
    }

    /// Asks the rules at that moment, as if the guest asked then: when a request expires is not
    /// recorded, so that the two rules about it are left out.
    fn ask(
        &mut self,
        rules: Option<&rules::Integration>,
        booking: &StoredBooking,
        object_id: Option<String>,
    ) {
        let expires_at = self.at.checked_add_signed(TimeDelta::minutes(1)).unwrap_or(self.at);
        let request = rules::Request { object_id, taken_at: self.at, expires_at };
        let steps = rules::explain(self.at, rules, booking.state.as_ref(), &request);
        let about_expiry =
            |step: &RuleStep| matches!(step.rule, Rule::TakenInTime | Rule::NotExpired);
        self.rules =
            steps.into_iter().filter(|step| !about_expiry(step)).map(Asked::from).collect();
        self.decision = Some(self.rules.iter().find_map(|asked| asked.reason).unwrap_or("open"));
        self.lock_id =
            self.rules.iter().flat_map(|asked| &asked.step.inputs).find_map(|it| match it {
                (_, RuleInput::Lock(lock)) => *lock,
                (
                    _,
                    RuleInput::Text(_)
                    | RuleInput::Texts(_)
                    | RuleInput::Time(_)
                    | RuleInput::Number(_),
                ) => None,
            });
    }
}

impl From<RuleStep> for Asked {
    fn from(step: RuleStep) -> Self {
        let (verdict, no) = match &step.result {
            RuleResult::Yes => ("yes", None),
            RuleResult::No(no) => ("no", Some(no)),
            RuleResult::Expired => ("expired", None),
            RuleResult::NotApplicable => ("moot", None),
        };
        let value = |seen: &RuleInput| match seen {
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

fn is_unknown(outcome: &Outbound) -> bool {
    match &outcome.data {
        OutboundData::OpenFailed(failed) => failed.reason == FailedReason::OutcomeUnknown,
        OutboundData::Opened(_)
        | OutboundData::CheckIn(_)
        | OutboundData::OpenRejected(_)
        | OutboundData::IqAttention(_) => false,
    }
}

impl From<KnownRequest> for Request {
    fn from(KnownRequest { source, id, mut record }: KnownRequest) -> Self {
        // An answer ends the claim, and all doubt but the one that is the answer.
        if let Some(outcome) = &record.outcome {
            record.claim = None;
            if !is_unknown(outcome) {
                (record.doubts, record.in_doubt_since) = (0, None);
            }
        }
        Self {
            id,
            source,
            taken_at: record.taken_at,
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
            outcome: record.outcome,
        }
    }
}

impl From<StoredBooking> for Booking {
    fn from(known: StoredBooking) -> Self {
        let (starts_at, ends_at) =
            known.state.as_ref().map(|state| (state.starts_at, state.ends_at)).unzip();
        Self {
            integration_id: known.integration_id,
            booking_id: known.booking_id,
            known: known.state.is_some(),
            starts_at,
            ends_at,
            revision: known.version.and_then(|version| version.revision),
            told_at: known.version.map(|version| version.time),
            opened_before: known.checked_in,
            status: known.state.as_ref().map(|state| state.status.clone()),
            object_ids: known.state.map(|state| state.object_ids).unwrap_or_default(),
        }
    }
}
