//! The audit lines of changes that do not go to Redis, where the change itself writes them.

use consumer::{
    AuditSink, Settings,
    audit::{AuditEntry, OperatorAudit, OperatorAuditError},
};

use super::error::ChangeError;

/// Writes the lines of changes to where those of the workers go.
#[derive(Debug)]
pub(super) struct ChangeAudit(Option<OperatorAudit>);

impl ChangeAudit {
    pub(super) fn new(settings: &Settings) -> Result<Self, OperatorAuditError> {
        Ok(Self(match settings.audit {
            AuditSink::Redis => None,
            AuditSink::Directory(_) | AuditSink::Stdout | AuditSink::Off => {
                Some(OperatorAudit::new(settings)?)
            }
        }))
    }

    /// Checks that a line can be written, before the change is in effect.
    pub(super) async fn prepare(&self) -> Result<(), ChangeError> {
        match &self.0 {
            Some(audit) => audit.prepare().await.map_err(ChangeError::Audit),
            None => Ok(()),
        }
    }

    /// Writes the line of a change that is in effect.
    pub(super) async fn write(&self, entry: &AuditEntry) -> Result<(), ChangeError> {
        let Some(audit) = &self.0 else { return Ok(()) };
        audit.write(entry).await.map_err(|source| ChangeError::AuditLineLost {
            line: serde_json::to_string(entry).unwrap_or_default(),
            source,
        })
    }
}
