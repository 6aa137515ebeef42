//! When the record of a request expires.
//!
//! An answer does not change for as long as a copy of its message exists (docs/contract.md, invariant 1), so
//! a record does not expire while its message is not settled: whatever the message waits for, and however
//! long no worker runs. Once it is settled, the retention counts. That is written for many requests
//! together, a moment later, because a worker that loses its session in this moment does not know whether
//! the broker has seen the acknowledgement.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use deadpool_redis::redis;
use tokio_util::sync::CancellationToken;

use super::{Ledger, RequestKey};
use crate::state::{
    bookings::kept_until,
    store::{StoreError, millis},
};

/// How long the record of an unsettled request is kept. No booking is known for longer.
const UNSETTLED: Duration = Duration::from_secs(400 * 24 * 3_600);

/// How long a record is kept at least where another copy of the message may exist.
const PERHAPS_COPIED: Duration = Duration::from_secs(24 * 3_600);

/// How long a record is kept at least after its message is settled, however short the retention: another copy that the
/// sender has published may be at a worker that hangs, and the broker may not have seen the acknowledgement yet.
const JUST_SETTLED: Duration = Duration::from_secs(60);

/// How long after the acknowledgement the session must have lasted.
const ACKNOWLEDGED: Duration = Duration::from_secs(2);

/// Records wait for Redis up to this number; a record that is left out is kept as if unsettled.
const WAITING_MAX: usize = 100_000;

/// A request whose message is acknowledged.
#[derive(Debug)]
pub(crate) struct SettledRequest {
    key: String,
    request_expires_at: DateTime<Utc>,
    acknowledged_at: Instant,
    perhaps_copied: bool,
    session_ended: CancellationToken,
}

/// Settled requests whose records still have the expiry of unsettled ones.
#[derive(Debug, Default)]
pub(super) struct Expiries(Mutex<Vec<SettledRequest>>);

impl Expiries {
    fn waiting(&self) -> MutexGuard<'_, Vec<SettledRequest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// The message of a request is acknowledged over the session that ends with this token.
    /// `perhaps_copied`: it was parked, replayed or delivered again, so that a copy may exist.
    pub(crate) fn settled(
        &self,
        request: RequestKey<'_>,
        perhaps_copied: bool,
        session_ended: CancellationToken,
    ) {
        let (acknowledged_at, key) = (Instant::now(), self.keys.request(request.key));
        let settled = SettledRequest {
            key,
            request_expires_at: request.expires_at,
            acknowledged_at,
            perhaps_copied,
            session_ended,
        };
        let mut waiting = self.expiries.waiting();
        if waiting.len() < WAITING_MAX {
            waiting.push(settled);
        }
    }

    /// Shortens the lives of records whose messages were acknowledged long enough ago; with `all`, as the
    /// worker stops, of all of them.
    pub(crate) async fn expire_settled(&self, all: bool) -> Result<(), StoreError> {
        let is_due = |it: &SettledRequest| {
            all || it.session_ended.is_cancelled() || it.acknowledged_at.elapsed() >= ACKNOWLEDGED
        };
        let due: Vec<_> = self.expiries.waiting().extract_if(.., |it| is_due(it)).collect();
        if due.is_empty() {
            return Ok(());
        }
        let now = Utc::now();
        let mut expire = redis::pipe();
        for settled in &due {
            let certain = !settled.perhaps_copied && !settled.session_ended.is_cancelled();
            let retention = retention_of_settled(self.settings.retention.outcomes, certain);
            let until = kept_until(now, settled.request_expires_at, retention);
            expire.cmd("PEXPIREAT").arg(&settled.key).arg(until).ignore();
        }
        let expired = self.store.query_all::<()>(&expire).await;
        if expired.is_err() {
            let mut waiting = self.expiries.waiting();
            let room = WAITING_MAX.saturating_sub(waiting.len());
            waiting.extend(due.into_iter().take(room));
        }
        expired
    }
}

/// How long a record is kept after its message is settled; `certain`: no copy of the message is known, and the broker
/// has most likely seen its acknowledgement.
fn retention_of_settled(outcomes: Duration, certain: bool) -> Duration {
    outcomes.max(if certain { JUST_SETTLED } else { PERHAPS_COPIED })
}

/// The Unix time in milliseconds until which a record is kept while its message is not settled.
pub(super) fn kept_until_settled(
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    retention: Duration,
) -> i64 {
    let unsettled = i64::try_from(millis(UNSETTLED)).unwrap_or(i64::MAX);
    let unsettled = now.timestamp_millis().saturating_add(unsettled);
    kept_until(now, expires_at, retention).max(unsettled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_retention_does_not_end_before_copies_in_progress() {
        let short = Duration::from_secs(2);
        assert_eq!(retention_of_settled(short, true), JUST_SETTLED);
        assert_eq!(retention_of_settled(short, false), PERHAPS_COPIED);
        let long = 30 * PERHAPS_COPIED;
        assert_eq!(retention_of_settled(long, true), long);
    }
}
