//! Which lines of the audit are wanted.

use chrono::{DateTime, Utc};

use super::AuditEntry;

/// Which lines are wanted: those that have all of these; nothing selects all.
#[derive(Debug, Clone, Default)]
pub struct AuditCriteria {
    /// The integration.
    pub integration: Option<String>,
    /// The booking.
    pub booking: Option<String>,
    /// The object.
    pub object: Option<String>,
    /// The id of the lock, in upper or lower case.
    pub lock: Option<String>,
    /// The reference of who asked.
    pub requested_by: Option<String>,
    /// The id of the request.
    pub request: Option<String>,
    /// The code of the outcome.
    pub outcome: Option<String>,
    /// The code of the reason.
    pub reason: Option<String>,
    /// The action of a person or a program.
    pub action: Option<String>,
    /// The name of that person or program.
    pub operator: Option<String>,
    /// This time or later.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
}

impl AuditCriteria {
    /// Whether the line is wanted.
    #[must_use]
    pub fn matches(&self, entry: &AuditEntry) -> bool {
        let equals = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
        };
        let is_lock = |wanted: &String| {
            entry.lock_id.is_some_and(|lock| lock.to_string() == wanted.to_lowercase())
        };
        equals(&self.integration, Some(&entry.integration_id))
            && equals(&self.booking, Some(&entry.booking_id))
            && equals(&self.object, entry.object_id.as_deref())
            && self.lock.as_ref().is_none_or(is_lock)
            && equals(&self.requested_by, entry.requested_by.as_deref())
            && equals(&self.request, Some(&entry.request_id))
            && equals(&self.outcome, Some(entry.outcome.code()))
            && equals(&self.reason, entry.reason.as_deref())
            && equals(&self.action, entry.action.as_deref())
            && equals(&self.operator, entry.operator.as_deref())
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
    }
}
