//! The explanation of a request or a booking.

use chrono::{DateTime, TimeDelta, Utc};
use consumer::Settings;
use rules::{LockRef, Rule, RuleInput, RuleStep};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    door::{self, DoorState},
    records::{self, FoundBooking, Selection, object_of},
    reports::{BookingReport, RequestReport, RuleReport},
};
use crate::{
    OperationError,
    connections::{pause, shared_connections::SharedConnections, store_failure::store_failure},
};

/// The explanation. Members that are not known are null.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// The record of the request, where one was asked for.
    pub request: Option<RequestReport>,
    /// The booking, where it is known which one.
    pub booking: Option<BookingReport>,
    /// The time for which the rules were evaluated.
    pub at: DateTime<Utc>,
    /// The rules in their order.
    pub rules: Vec<RuleReport>,
    /// `open`, or the reason of the first rule that says no; nothing where no rule was evaluated.
    pub decision: Option<&'static str>,
    /// The lock by id, or by the name that the mapping has.
    #[serde(rename = "lock_id")]
    #[schema(value_type = Option<String>)]
    pub lock: Option<LockRef>,
    /// The IQ of the lock and its state.
    pub door: Option<DoorState>,
    /// The reason why `door` is not known.
    pub door_unknown: Option<String>,
    /// The rest of the pause that Salto has asked for.
    pub pause_seconds: u64,
    /// Whether the integration is in rehearsal, so that no door opens.
    pub rehearses: bool,
}

impl Explanation {
    /// Evaluates the rules, and where they lead to a lock, reads the state of its IQ from Salto.
    ///
    /// # Errors
    /// There is no record of the request, it is about another booking, or Redis does not answer. Where Salto does
    /// not answer, the explanation says so.
    pub async fn of(
        settings: &Settings,
        connections: &SharedConnections<'_>,
        Selection { request, booking, object, at }: Selection,
    ) -> Result<Self, OperationError> {
        let records = records::read(&connections.lookup, request, booking).await?;
        let outcome = records.request.as_ref().and_then(|request| request.record.outcome.as_ref());
        let now = Utc::now();
        let at = at.or(outcome.map(|outcome| outcome.time)).unwrap_or(now);
        let mut explanation = Self::without_rules(at);
        if let Some(booking) = &records.booking {
            let object = object.or(outcome.and_then(object_of).map(str::to_owned));
            explanation.add_rules_and_door(settings, connections, booking, object).await?;
        }
        explanation.booking = records.booking.map(BookingReport::from);
        explanation.request = records.request.map(RequestReport::from);
        Ok(explanation)
    }

    fn without_rules(at: DateTime<Utc>) -> Self {
        Self {
            at,
            rules: Vec::new(),
            decision: None,
            lock: None,
            door: None,
            door_unknown: None,
            pause_seconds: 0,
            rehearses: false,
            booking: None,
            request: None,
        }
    }

    async fn add_rules_and_door(
        &mut self,
        settings: &Settings,
        connections: &SharedConnections<'_>,
        booking: &FoundBooking,
        object: Option<String>,
    ) -> Result<(), OperationError> {
        let id = booking.integration_id.as_str();
        let integration = settings.integrations.iter().find(|it| it.rules.id == id);
        self.rehearses = integration.is_some_and(|it| it.mode.rehearses());
        self.evaluate_rules(integration.map(|it| &it.rules), booking, object);
        let pause = connections.lookup.pause(id).await.map_err(store_failure)?;
        self.pause_seconds = pause::whole_seconds(pause);
        if let (Some(integration), Some(lock)) = (integration, &self.lock) {
            let door = if pause.is_zero() {
                door::read(connections, integration, lock).await
            } else {
                Err("Salto has asked for a pause".to_owned())
            };
            match door {
                Ok(door) => self.door = Some(door),
                Err(reason) => self.door_unknown = Some(reason),
            }
        }
        Ok(())
    }

    /// Evaluates the rules for a request that is made at that time. The two rules about the expiry of
    /// the request are left out, because the expiry is not recorded.
    fn evaluate_rules(
        &mut self,
        rules: Option<&rules::IntegrationRules>,
        booking: &FoundBooking,
        object_id: Option<String>,
    ) {
        let expires_at = self.at.checked_add_signed(TimeDelta::minutes(1)).unwrap_or(self.at);
        let request = rules::Request { object_id, taken_at: self.at, expires_at };
        let steps = rules::explain(self.at, rules, booking.states.as_ref(), &request);
        let about_expiry =
            |step: &RuleStep| matches!(step.rule, Rule::TakenInTime | Rule::NotExpired);
        self.rules =
            steps.into_iter().filter(|step| !about_expiry(step)).map(RuleReport::from).collect();
        self.decision = Some(self.rules.iter().find_map(|rule| rule.reason).unwrap_or("open"));
        let mut inputs = self.rules.iter().flat_map(|rule| &rule.step.inputs);
        self.lock = inputs.find_map(|it| match it {
            (_, RuleInput::Lock(lock)) => lock.clone(),
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
