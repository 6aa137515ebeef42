//! The audit line of a change of an integration that is stored in Redis.

use serde::{Deserialize, Serialize};

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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it by reference")]
const fn is_zero(value: &usize) -> bool {
    *value == 0
}
