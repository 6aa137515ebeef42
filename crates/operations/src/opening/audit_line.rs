//! The audit line of an operator's opening.

use anyhow::Context;
use consumer::{
    Settings,
    audit::{AuditEntry, OperatorAudit, OperatorOpening},
};
use salto::OpenError;

use crate::Observer;

/// Prepares the audit; fails where no line can be written: no door opens without one.
pub(super) async fn prepare(settings: &Settings) -> anyhow::Result<OperatorAudit> {
    let audit = OperatorAudit::new(settings)?;
    audit.prepare().await.context("the audit cannot be written, so no command is sent")?;
    Ok(audit)
}

/// Writes the line.
pub(super) async fn write(
    audit: &OperatorAudit,
    opening: &OperatorOpening<'_>,
    answer: Result<(), &OpenError>,
    observer: &dyn Observer,
) -> anyhow::Result<()> {
    let entry = AuditEntry::of_operator(opening, answer);
    let written = audit.write(&entry).await;
    if written.is_err() {
        let line = serde_json::to_string(&entry).unwrap_or_default();
        observer.note(&format!("warning: this line of the audit is not written: {line}"));
    }
    written.context("the audit line could not be written")
}
