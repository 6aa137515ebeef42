//! Asking Salto's log of entries whether a command that was not answered opened the door.

use std::{
    ops::RangeInclusive,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use salto::CallError;
use uuid::Uuid;

use crate::{
    integrations::registry::Integration, settings::ConfirmOpenings, state::ledger::Claim,
    worker::Worker,
};

/// How often to look whether the event stream has shown a row.
const ROW_POLL: Duration = Duration::from_millis(100);

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

/// Asks whether a command in doubt has opened the lock, within `limit`.
pub(super) async fn ask(
    worker: &Worker,
    integration: &Integration,
    claim: &Claim,
    lock: Uuid,
    limit: Duration,
) -> LogAnswer {
    // A rehearsal opens no door, so an entry would belong to another opening.
    if claim.rehearsal {
        return LogAnswer::NotAsked;
    }
    let until = Instant::now() + limit;
    let times = times_of_effect(worker, claim);
    let asked = match seen_row(worker, integration, lock, &times).await {
        Some(opened) => return opened,
        None if claim.pause.is_zero() => ask_log(worker, integration, lock, &times, limit).await,
        None => LogAnswer::Paused,
    };
    match (asked, integration.confirm_openings) {
        (LogAnswer::NoEntry | LogAnswer::NotAsked, ConfirmOpenings::Stream) => {
            await_row(worker, integration, lock, &times, until).await
        }
        (asked, ConfirmOpenings::Off | ConfirmOpenings::Entries | ConfirmOpenings::Stream) => asked,
    }
}

/// When a command in doubt may have opened the lock: from the first one on, until the last one that may have
/// followed it was given up. The log may be asked much later, after a pause; then it may have another guest's opening.
fn times_of_effect(worker: &Worker, claim: &Claim) -> RangeInclusive<DateTime<Utc>> {
    let since = Utc::now() - claim.in_doubt_for();
    since..=since + worker.resend.window + worker.opening.command_timeout
}

async fn ask_log(
    worker: &Worker,
    integration: &Integration,
    lock: Uuid,
    times: &RangeInclusive<DateTime<Utc>>,
    limit: Duration,
) -> LogAnswer {
    let integration_id = integration.rules.id.as_str();
    if !integration.ask_entries || worker.denied_logs.is_denied(integration_id) {
        return LogAnswer::NotAsked;
    }
    let asking = async {
        let iq_id = match integration.site.ready(lock) {
            Some(prepared) => prepared.iq_id,
            None => integration.site.prepare(lock).await?.iq_id,
        };
        let opened_at = integration.site.opened_within(lock, times.clone(), limit).await?;
        Ok(opened_at.map(|at| (at, iq_id)))
    };
    let error: CallError = match tokio::time::timeout(limit, asking).await {
        Ok(Ok(Some((at, iq_id)))) => return LogAnswer::Opened { at, iq_id },
        Ok(Ok(None)) | Err(_) => return LogAnswer::NoEntry,
        Ok(Err(error)) => error,
    };
    worker.denied_logs.failed(integration_id, &error);
    match worker.share_pause(integration_id, &error).await {
        Some(_) => LogAnswer::Paused,
        None => LogAnswer::NoEntry,
    }
}

/// The opening of the lock in these times, by a row that was read to confirm openings.
async fn seen_row(
    worker: &Worker,
    integration: &Integration,
    lock: Uuid,
    times: &RangeInclusive<DateTime<Utc>>,
) -> Option<LogAnswer> {
    let iq_id = match integration.confirm_openings {
        ConfirmOpenings::Off => return None,
        ConfirmOpenings::Stream | ConfirmOpenings::Entries => integration.site.ready(lock)?.iq_id,
    };
    let id = integration.rules.id.as_str();
    let times = integration.clock.rows_of(times);
    let seen = worker.confirmations.unmatched_opening(id, lock, times).await;
    let at =
        seen.inspect_err(|error| tracing::debug!(%error, "seen rows cannot be read")).ok()??;
    Some(LogAnswer::Opened { at, iq_id })
}

/// Waits for the row in the event stream.
async fn await_row(
    worker: &Worker,
    integration: &Integration,
    lock: Uuid,
    times: &RangeInclusive<DateTime<Utc>>,
    until: Instant,
) -> LogAnswer {
    while Instant::now() < until {
        tokio::time::sleep(ROW_POLL).await;
        if let Some(opened) = seen_row(worker, integration, lock, times).await {
            return opened;
        }
    }
    LogAnswer::NoEntry
}
