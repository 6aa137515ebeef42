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

/// A lease that this process holds, or tries to acquire.
pub(super) struct Lease {
    pub(super) owner: Uuid,
    /// When the lease ends by itself, where it was acquired.
    pub(super) ends: Instant,
    give_up_at: Instant,
    pause: Duration,
}

impl Lease {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            owner: Uuid::new_v4(),
            ends: now,
            give_up_at: now + ACQUIRE_LIMIT,
            pause: FIRST_PAUSE,
        }
    }

    /// Acquires the lease, or waits a moment where another process holds it, and returns whether it was
    /// acquired.
    pub(super) async fn try_acquire(
        &mut self,
        cache: &dyn TokenCache,
        integration: &str,
    ) -> Result<bool, CallError> {
        self.ends = Instant::now() + LEASE;
        if cache.lease(integration, self.owner, LEASE).await? {
            return Ok(true);
        }
        if Instant::now() > self.give_up_at {
            let why = "another process holds the lease on this integration's token";
            return Err(CallError::new(Cause::Unavailable, why));
        }
        tokio::time::sleep(self.pause.mul_f64(rand::random_range(0.5..1.0))).await;
        self.pause = (self.pause * 2).min(MAX_PAUSE);
        Ok(false)
    }

    /// Releases the lease. Where that fails it ends by itself.
    pub(super) async fn release(&self, cache: &dyn TokenCache, integration: &str) {
        if let Err(error) = cache.release(integration, self.owner).await {
            tracing::debug!(integration_id = integration, %error, "token lease not released");
        }
    }
}
