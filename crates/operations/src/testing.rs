//! What several tests need.

use std::collections::BTreeMap;

use rules::{IntegrationRules, LockRef};
use uuid::Uuid;

/// The rules of an integration with this mapping.
pub(crate) fn rules(locks: &[(&str, Uuid)], default_lock: Option<LockRef>) -> IntegrationRules {
    IntegrationRules {
        id: "acme".into(),
        active: true,
        open_from_statuses: vec!["paid".into()],
        minutes_before: 0,
        minutes_after: 0,
        shared_doors: BTreeMap::new(),
        check_in_status: None,
        record_opened_at_in: None,
        default_lock,
        locks: locks.iter().map(|(object, lock)| ((*object).to_owned(), (*lock).into())).collect(),
    }
}
