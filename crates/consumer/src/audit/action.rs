//! The audit lines of what people and programs do other than opening doors: signing in, changing an integration.

use chrono::{SubsecRound, Utc};
use uuid::Uuid;

use super::{AuditEntry, AuditOutcome};

/// `request_source` of an action.
const SOURCE: &str = "/postern/console";

/// Something that a person or a program did, or was refused.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    /// What, in words that stay the same, such as `sign-in` or `integration.apply`.
    pub action: &'a str,
    /// Who: a user of the console, the name of a token, or a user of the operating system.
    pub operator: &'a str,
    /// The integration; empty where it concerns none.
    pub integration_id: &'a str,
    /// Why, in the person's words.
    pub reason: Option<&'a str>,
    /// What exactly, or why it was refused.
    pub detail: Option<&'a str>,
    /// Whether it was done.
    pub done: bool,
}

impl AuditEntry {
    /// The line of an action.
    #[must_use]
    pub fn of_action(action: &Action<'_>) -> Self {
        let outcome = if action.done { AuditOutcome::Done } else { AuditOutcome::Refused };
        Self {
            action: Some(action.action.to_owned()),
            operator_reason: action.reason.map(str::to_owned),
            detail: action.detail.map(str::to_owned),
            ..Self::by(action.operator, action.integration_id, SOURCE, outcome)
        }
    }

    /// What all lines about an action of a person or a program have; `source` is its `request_source`.
    pub(super) fn by(
        operator: &str,
        integration_id: &str,
        source: &str,
        outcome: AuditOutcome,
    ) -> Self {
        Self {
            id: Uuid::new_v4(),
            at: Utc::now().trunc_subsecs(6),
            integration_id: integration_id.to_owned(),
            action: None,
            booking_id: String::new(),
            object_id: None,
            requested_by: None,
            operator: Some(operator.to_owned()),
            operator_reason: None,
            request_id: Uuid::new_v4().to_string(),
            request_source: source.to_owned(),
            outcome,
            reason: None,
            detail: None,
            opens_at: None,
            lock_id: None,
            iq_id: None,
            attempts: 0,
            opened_at: None,
            seen_in: None,
            rehearsal: false,
            trace_id: None,
            change: None,
            inputs: None,
        }
    }
}
