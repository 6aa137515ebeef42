//! Repeating Redis commands that a delivery needs.

use std::future::Future;

use super::{Abandoned, RETRY_DELAYS, SessionHandle};
use crate::{jitter::jitter, state::store::StoreError};

/// How often a command that Redis refuses is tried.
pub(crate) const REFUSALS: u32 = 5;

/// Why Redis did not do what a delivery needs.
#[derive(Debug)]
pub(crate) enum Unstored {
    /// See [`Abandoned`].
    Abandoned,
    /// Redis refused [`REFUSALS`] times.
    Refused(StoreError),
}

impl From<Abandoned> for Unstored {
    fn from(Abandoned: Abandoned) -> Self {
        Self::Abandoned
    }
}

impl SessionHandle {
    /// Asks Redis until it answers or the session ends: without limit while Redis is away, a few times
    /// where it refuses.
    pub(crate) async fn retry_until_stopped<T, F, Fut>(&self, ask: F) -> Result<T, Unstored>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, StoreError>>,
    {
        retry(ask, Some(self)).await
    }

    /// The same, also after the session has ended: for what this worker alone knows and must not lose.
    pub(crate) async fn retry_until_done<T, F, Fut>(&self, ask: F) -> Result<T, Unstored>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, StoreError>>,
    {
        retry(ask, None).await
    }
}

/// Without a `session`, only an answer ends it.
async fn retry<T, F, Fut>(mut ask: F, session: Option<&SessionHandle>) -> Result<T, Unstored>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, StoreError>>,
{
    let (mut failures, mut refusals) = (0, 0);
    loop {
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        failures += 1;
        match error {
            StoreError::Away(_) => tracing::debug!(%error, failures, "waiting for Redis"),
            StoreError::Refused(_) => {
                refusals += 1;
                tracing::error!(%error, refusals, "Redis refused");
                if refusals == REFUSALS {
                    return Err(Unstored::Refused(error));
                }
            }
        }
        let delay = RETRY_DELAYS.wait(failures, jitter());
        match session {
            Some(session) => session.wait(delay).await?,
            None => tokio::time::sleep(delay).await,
        }
    }
}
