//! A count of failures within a window of time.

use std::time::Duration;

use tokio::time::Instant;

/// A failure that is older counts no longer, and a breaker that was not used for this time is removed
/// (decision).
pub(super) const WINDOW: Duration = Duration::from_secs(30);

/// Failures without a success, each at most [`WINDOW`] after the one before.
#[derive(Debug, Default)]
pub(super) struct FailureCount {
    count: u32,
    last: Option<Instant>,
}

impl FailureCount {
    pub(super) fn is_recent(&self, now: Instant) -> bool {
        self.last.is_some_and(|last| now < last + WINDOW)
    }

    pub(super) fn recent(&self, now: Instant) -> u32 {
        if self.is_recent(now) { self.count } else { 0 }
    }

    pub(super) fn add(&mut self, failures: u32, now: Instant) {
        *self = Self { count: self.recent(now).saturating_add(failures), last: Some(now) };
    }
}
