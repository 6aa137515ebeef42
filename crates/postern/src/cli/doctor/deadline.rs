//! The time that all checks have together.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// Until when answers count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    begun: Instant,
    until: Instant,
}

/// It did not answer in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Late(Duration);

impl Display for Late {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "no answer within {} s", self.0.as_secs())
    }
}

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        let begun = Instant::now();
        Self { begun, until: begun + limit }
    }

    /// What comes of `work`, if it comes in time.
    pub(super) async fn within<T>(self, work: impl Future<Output = T>) -> Result<T, Late> {
        timeout_at(self.until, work).await.map_err(|_| Late(self.until - self.begun))
    }
}
