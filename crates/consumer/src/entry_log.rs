//! Asking Salto's log of entries whether a command without an answer opened the door.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use salto::Cause;
use uuid::Uuid;

use crate::{directory::Integration, ledger::Claimed, worker::Worker};

/// For how long an account that may not read the log is not asked for it again.
const DENIED_FOR: Duration = Duration::from_secs(3600);

/// The integrations whose account may not read the log, and since when that is known.
#[derive(Debug, Default)]
pub(crate) struct Denied(Mutex<HashMap<String, Instant>>);

impl Denied {
    fn is_denied(&self, integration_id: &str) -> bool {
        let denied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        denied.get(integration_id).is_some_and(|since| since.elapsed() < DENIED_FOR)
    }

    fn deny(&self, integration_id: &str) {
        let mut denied = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        denied.insert(integration_id.to_owned(), Instant::now());
    }
}

/// What the log says.
#[derive(Debug)]
pub(crate) enum Word {
    /// The lock opened then, through that IQ.
    Opened(DateTime<Utc>, String),
    /// Nothing: it may not be readable, or lag behind.
    Nothing,
    /// Salto wants no calls now, of whatever kind.
    Paused,
}

/// Whether the lock opened since the first command in doubt; asked within `limit`.
pub(crate) async fn ask(
    worker: &Worker,
    integration: &Integration,
    claimed: &Claimed,
    lock: Uuid,
    limit: Duration,
) -> Word {
    let integration_id = integration.rules.id.as_str();
    if !claimed.pause.is_zero() {
        return Word::Paused;
    }
    // What is in the log is somebody else's opening, where ours was none.
    if claimed.rehearsal {
        return Word::Nothing;
    }
    if !integration.ask_entries || worker.denied_logs.is_denied(integration_id) {
        return Word::Nothing;
    }
    let since = Utc::now() - (claimed.doubt.since_first + claimed.asked_at.elapsed());
    let asking = async {
        let iq_id = match integration.site.ready(lock) {
            Some(prepared) => prepared.iq_id,
            None => integration.site.prepare(lock).await?.iq_id,
        };
        let opened_at = integration.site.opened_since(lock, since, limit).await?;
        Ok(opened_at.map(|opened_at| (opened_at, iq_id)))
    };
    let error: salto::CallError = match tokio::time::timeout(limit, asking).await {
        Ok(Ok(Some((opened_at, iq_id)))) => return Word::Opened(opened_at, iq_id),
        Ok(Ok(None)) | Err(_) => return Word::Nothing,
        Ok(Err(error)) => error,
    };
    if matches!(error.cause, Cause::Forbidden | Cause::SiteNotFound) {
        worker.denied_logs.deny(integration_id);
        tracing::warn!(
            integration_id,
            %error,
            "the account may not read Salto's entries: commands without an answer stay in doubt"
        );
    } else {
        tracing::warn!(integration_id, %error, "Salto's entries could not be read");
    }
    match worker.share_pause(integration_id, error).await {
        Some(_) => Word::Paused,
        None => Word::Nothing,
    }
}
