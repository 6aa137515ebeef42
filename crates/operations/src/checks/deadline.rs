//! The deadline of all checks together.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// The deadline.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    started: Instant,
    ends: Instant,
}

/// There was no answer before the deadline; with the time that the checks had.
#[derive(Debug, Clone, Copy)]
pub struct DeadlineExceeded(Duration);

impl Display for DeadlineExceeded {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "no answer within {} s", self.0.as_secs())
    }
}

impl Deadline {
    /// The deadline that is so long after now.
    pub fn after(limit: Duration) -> Self {
        let started = Instant::now();
        Self { started, ends: started + limit }
    }

    /// The result of `work`, if it ends before the deadline.
    ///
    /// # Errors
    /// It does not.
    pub async fn within<T>(self, work: impl Future<Output = T>) -> Result<T, DeadlineExceeded> {
        timeout_at(self.ends, work).await.map_err(|_| DeadlineExceeded(self.ends - self.started))
    }
}
