//! The integrations whose account may not read Salto's log of entries.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use salto::{CallError, Cause};

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

    /// Records that the log was not read: where the account may not read it, it is not asked for a while.
    pub(crate) fn failed(&self, integration_id: &str, error: &CallError) {
        if !matches!(error.cause, Cause::Forbidden | Cause::SiteNotFound) {
            tracing::warn!(integration_id, %error, "Salto's entries could not be read");
            return;
        }
        tracing::warn!(
            integration_id,
            %error,
            next_step = "give the system user the right to read entries, or set ask_entries = false and \
                         confirm_openings = \"off\"",
            "the account may not read Salto's entries: unanswered commands stay in doubt"
        );
        let mut denied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        denied.insert(integration_id.to_owned(), Instant::now());
    }
}
