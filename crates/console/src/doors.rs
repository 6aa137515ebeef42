//! The doors of an integration, with what postern knows of them: the mapping, and the last decisions about each.

use std::collections::BTreeMap;

use consumer::{
    IntegrationSettings,
    audit::{AuditEntry, AuditOutcome},
};
use rules::LockRef;

use crate::{
    access::caller::Caller,
    app::App,
    audit_search::{AuditFilter, find},
    problem::Problem,
};

/// Decisions that are looked at.
const MOST: usize = 500;

/// The door of an object.
pub(crate) struct Door {
    /// The object; none for the lock of all other objects.
    pub(crate) object_id: Option<String>,
    /// The lock's id, or its name at Salto.
    pub(crate) lock: String,
    /// The newest decision that reached the lock, or failed to.
    pub(crate) last: Option<AuditEntry>,
    /// The newest opening, and whether Salto's own record shows it.
    pub(crate) opened: Option<AuditEntry>,
    pub(crate) confirmed: bool,
}

/// The lock's id, or its name as it is set.
pub(crate) fn lock_text(lock: &LockRef) -> String {
    lock.id().map_or_else(|| lock.name().unwrap_or_default().to_owned(), |id| id.to_string())
}

/// The doors of an integration, in the order of their objects.
pub(crate) async fn of(
    app: &App,
    caller: &Caller,
    integration: &IntegrationSettings,
) -> Result<Vec<Door>, Problem> {
    let rules = &integration.rules;
    let newest = newest(app, caller, &rules.id).await?;
    let mapped = rules.locks.iter().map(|(object, lock)| (Some(object.clone()), lock));
    let other = rules.default_lock.iter().map(|lock| (None, lock));
    let doors = mapped.chain(other).map(|(object_id, lock)| {
        let of_object = object_id.as_ref().and_then(|object| newest.get(object));
        let newest = of_object.cloned().unwrap_or_default();
        Door {
            lock: lock_text(lock),
            object_id,
            last: newest.last,
            opened: newest.opened,
            confirmed: newest.confirmed,
        }
    });
    Ok(doors.collect())
}

#[derive(Clone, Default)]
struct Newest {
    last: Option<AuditEntry>,
    opened: Option<AuditEntry>,
    confirmed: bool,
}

/// By object, from the newest decisions.
async fn newest(
    app: &App,
    caller: &Caller,
    integration_id: &str,
) -> Result<BTreeMap<String, Newest>, Problem> {
    let filter = AuditFilter {
        integration: Some(integration_id.to_owned()),
        limit: Some(MOST),
        ..AuditFilter::default()
    };
    let found = find(app, caller, &filter, |entry| entry.action.is_none()).await?;
    let mut newest: BTreeMap<String, Newest> = BTreeMap::new();
    let mut confirmed = Vec::new();
    for entry in found.entries {
        let Some(object) = entry.object_id.clone() else { continue };
        let of_object = newest.entry(object).or_default();
        match entry.outcome {
            AuditOutcome::Confirmed => confirmed.push(entry.request_id),
            AuditOutcome::Opened => {
                if of_object.opened.is_none() {
                    of_object.confirmed = confirmed.contains(&entry.request_id);
                    of_object.opened = Some(entry.clone());
                }
                of_object.last.get_or_insert(entry);
            }
            AuditOutcome::Failed => {
                of_object.last.get_or_insert(entry);
            }
            AuditOutcome::Rejected
            | AuditOutcome::Changed
            | AuditOutcome::Done
            | AuditOutcome::Refused => {}
        }
    }
    Ok(newest)
}
