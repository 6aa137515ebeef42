//! The audit line of a change of an integration that is stored in Redis.

use chrono::{SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AuditEntry, AuditOutcome};

/// `request_source` of a change.
const SOURCE: &str = "/postern/integrations";

/// Changed settings that a line names at most, so that it stays short where a mapping of many doors is stored.
const MOST_SETTINGS: usize = 100;

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationChangeLine {
    /// What was done.
    pub action: ChangeAction,
    /// The version of the integration before; none where it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_before: Option<u64>,
    /// The version of the change.
    pub version: u64,
    /// The settings that changed; 100 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<SettingChange>,
    /// How many further settings changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
}

/// What was done with an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// It was stored for the first time.
    Created,
    /// It was replaced.
    Changed,
    /// It was removed.
    Removed,
}

impl ChangeAction {
    /// The code in a line.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// A setting that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChange {
    /// Its path in the document, such as `locks."room-12"`.
    pub key: String,
    /// Its value before, shortened; none where it was not set, and of a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// Its value now, shortened; none where it is no longer set, and of a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

impl IntegrationChangeLine {
    /// A line that names the first of these settings.
    #[must_use]
    pub fn new(
        action: ChangeAction,
        version_before: Option<u64>,
        version: u64,
        mut settings: Vec<SettingChange>,
    ) -> Self {
        let more = settings.len().saturating_sub(MOST_SETTINGS);
        settings.truncate(MOST_SETTINGS);
        Self { action, version_before, version, settings, more }
    }
}

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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it by reference")]
const fn is_zero(value: &usize) -> bool {
    *value == 0
}
