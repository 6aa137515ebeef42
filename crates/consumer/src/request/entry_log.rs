//! Asking Salto's log of entries whether a command that was not answered opened the door.

use std::time::Duration;

use chrono::{DateTime, Utc};
use salto::{CallError, Cause};
use uuid::Uuid;

use crate::{integrations::registry::Integration, state::ledger::Claim, worker::Worker};

/// What the log answers.
#[derive(Debug)]
pub(super) enum LogAnswer {
    /// The lock opened at that time, through that IQ.
    Opened { at: DateTime<Utc>, iq_id: String },
    /// No entry: the log may not be readable, or the entry may come later.
    NoEntry,
    /// The log does not serve for this request, and was not asked.
    NotAsked,
    /// Salto has asked for a pause of all calls.
    Paused,
}

/// Asks whether the lock opened since the first command in doubt, within `limit`.
pub(super) async fn ask(
    worker: &Worker,
    integration: &Integration,
    claim: &Claim,
    lock: Uuid,
    limit: Duration,
) -> LogAnswer {
    let integration_id = integration.rules.id.as_str();
    if !claim.pause.is_zero() {
        return LogAnswer::Paused;
    }
    // A rehearsal opens no door, so an entry in the log would belong to another opening.
    if claim.rehearsal || !integration.ask_entries || worker.denied_logs.is_denied(integration_id) {
        return LogAnswer::NotAsked;
    }
    let since = Utc::now() - (claim.doubt.since_first + claim.asked_at.elapsed());
    let asking = async {
        let iq_id = match integration.site.ready(lock) {
            Some(prepared) => prepared.iq_id,
            None => integration.site.prepare(lock).await?.iq_id,
        };
        let opened_at = integration.site.opened_since(lock, since, limit).await?;
        Ok(opened_at.map(|at| (at, iq_id)))
    };
    let error: CallError = match tokio::time::timeout(limit, asking).await {
        Ok(Ok(Some((at, iq_id)))) => return LogAnswer::Opened { at, iq_id },
        Ok(Ok(None)) | Err(_) => return LogAnswer::NoEntry,
        Ok(Err(error)) => error,
    };
    if matches!(error.cause, Cause::Forbidden | Cause::SiteNotFound) {
        worker.denied_logs.deny(integration_id);
        tracing::warn!(
            %error,
            next_step = "give the system user the right to read entries, or set ask_entries = false",
            "the account may not read Salto's entries: unanswered commands stay in doubt"
        );
    } else {
        tracing::warn!(%error, "Salto's entries could not be read");
    }
    match worker.share_pause(integration_id, &error).await {
        Some(_) => LogAnswer::Paused,
        None => LogAnswer::NoEntry,
    }
}
