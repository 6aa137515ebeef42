//! The line of a change of an integration.

use super::{AuditEntry, AuditOutcome, IntegrationChangeLine};

/// `request_source` of a change.
const SOURCE: &str = "/postern/integrations";

impl AuditEntry {
    /// The line of a change of an integration.
    #[must_use]
    pub fn of_change(integration_id: &str, author: &str, change: IntegrationChangeLine) -> Self {
        let change = Some(change);
        Self { change, ..Self::by(author, integration_id, SOURCE, AuditOutcome::Changed) }
    }
}
