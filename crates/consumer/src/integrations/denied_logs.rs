//! The integrations whose account may not read Salto's log of entries.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// For how long an account that may not read the log is not asked for it again.
const DENIED_FOR: Duration = Duration::from_secs(3600);

/// By integration, since when the denial is known.
#[derive(Debug, Default)]
pub(crate) struct DeniedLogs(Mutex<HashMap<String, Instant>>);

impl DeniedLogs {
    /// Whether the account was denied the log not long ago.
    pub(crate) fn is_denied(&self, integration_id: &str) -> bool {
        let denied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        denied.get(integration_id).is_some_and(|since| since.elapsed() < DENIED_FOR)
    }

    /// Records that the account may not read the log.
    pub(crate) fn deny(&self, integration_id: &str) {
        let mut denied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        denied.insert(integration_id.to_owned(), Instant::now());
    }
}
