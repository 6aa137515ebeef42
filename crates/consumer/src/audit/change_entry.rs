//! The line of a change of an integration.

use chrono::{SubsecRound, Utc};
use uuid::Uuid;

use super::{AuditEntry, AuditOutcome, IntegrationChangeLine};

/// `request_source` of a change.
const SOURCE: &str = "/postern/integrations";

impl AuditEntry {
    /// The line of a change of an integration.
    #[must_use]
    pub fn of_change(integration_id: &str, author: &str, change: IntegrationChangeLine) -> Self {
        Self {
            id: Uuid::new_v4(),
            at: Utc::now().trunc_subsecs(6),
            integration_id: integration_id.to_owned(),
            action: None,
            booking_id: String::new(),
            object_id: None,
            requested_by: None,
            operator: Some(author.to_owned()),
            operator_reason: None,
            request_id: Uuid::new_v4().to_string(),
            request_source: SOURCE.to_owned(),
            outcome: AuditOutcome::Changed,
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
            change: Some(change),
            inputs: None,
        }
    }
}
