//! The lease on an integration's token: its holder alone asks Salto, over all processes.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::cache::TokenCache;
use super::grant;
use crate::error::{CallError, Cause};

/// The time of a lease: the slowest token request, and storing its result.
const LEASE: Duration = Duration::from_secs(grant::TIME_LIMIT.as_secs() + 3);
/// How long to try for the lease: until the lease of another process ends, and a token request after
/// that.
const ACQUIRE_LIMIT: Duration =
    Duration::from_secs(LEASE.as_secs() + grant::TIME_LIMIT.as_secs() + 2);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const MAX_PAUSE: Duration = Duration::from_millis(200);
/// How long a call is repeated that the cache did not answer: it may have had its effect, so that only
/// the same owner can go on.
const UNANSWERED_LIMIT: Duration = Duration::from_millis(500);

/// A lease that this process holds, or tries to acquire.
pub(super) struct Lease {
    pub(super) owner: Uuid,
    /// When the lease ends by itself, where it was acquired.
    pub(super) ends: Instant,
    give_up_at: Instant,
    pause: Duration,
    /// When the first of the calls was made that the cache did not answer.
    unanswered_since: Option<Instant>,
}

impl Lease {
    /// The lease of a new owner, or of one that does not know whether it has the lease.
    pub(super) fn of(owner: Option<Uuid>) -> Self {
        let now = Instant::now();
        Self {
            owner: owner.unwrap_or_else(Uuid::new_v4),
            ends: now,
            give_up_at: now + ACQUIRE_LIMIT,
            pause: FIRST_PAUSE,
            unanswered_since: None,
        }
    }

    /// Acquires the lease, or waits a moment where another process holds it or the cache does not answer,
    /// and returns whether it was acquired.
    pub(super) async fn try_acquire(
        &mut self,
        cache: &dyn TokenCache,
        integration: &str,
    ) -> Result<bool, CallError> {
        self.ends = Instant::now() + LEASE;
        match cache.lease(integration, self.owner, LEASE).await {
            Ok(true) => return Ok(true),
            Ok(false) => self.unanswered_since = None,
            Err(error) => {
                let since = self.unanswered_since.get_or_insert_with(Instant::now);
                if since.elapsed() > UNANSWERED_LIMIT {
                    return Err(error.into());
                }
            }
        }
        if Instant::now() > self.give_up_at {
            let why = "another process holds the lease on this integration's token";
            return Err(CallError::new(Cause::Unavailable, why));
        }
        tokio::time::sleep(self.pause.mul_f64(rand::random_range(0.5..1.0))).await;
        self.pause = (self.pause * 2).min(MAX_PAUSE);
        Ok(false)
    }

    /// Releases the lease. Where the cache does not answer for longer, it ends by itself.
    pub(super) async fn release(&self, cache: &dyn TokenCache, integration: &str) {
        let started = Instant::now();
        while let Err(error) = cache.release(integration, self.owner).await {
            if started.elapsed() > UNANSWERED_LIMIT {
                tracing::debug!(integration_id = integration, %error, "token lease not released");
                return;
            }
            tokio::time::sleep(MAX_PAUSE).await;
        }
    }
}
