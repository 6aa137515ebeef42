//! Repeating Redis commands that a delivery needs.

use std::{future::Future, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Abandoned, Places, RETRY_DELAYS, SessionHandle};
use crate::{
    jitter::jitter,
    state::store::{RecordError, StoreError},
};

/// Waits between attempts at a record that cannot be used: over minutes, so that an operator's repair, or
/// a replica that catches up, comes in time (docs/contract.md, Retries of storing).
const RECORD_DELAYS: [Duration; 4] = [
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(32),
    Duration::from_secs(64),
];

/// How often a command is tried whose record cannot be used.
pub(crate) const RECORD_ATTEMPTS: u32 = 5;

/// How often it is checked, during one of the [`RECORD_DELAYS`], whether other deliveries need the place.
const PLACES_CHECK: Duration = Duration::from_millis(200);

/// Why Redis did not do what a delivery needs.
#[derive(Debug)]
pub(crate) enum Unstored {
    /// See [`Abandoned`].
    Abandoned,
    /// The record could not be used, [`RECORD_ATTEMPTS`] times.
    Record(RecordError),
}

impl From<Abandoned> for Unstored {
    fn from(Abandoned: Abandoned) -> Self {
        Self::Abandoned
    }
}

impl SessionHandle {
    /// Asks Redis until it answers or the session ends: without limit while Redis is away, a few times
    /// where the record cannot be used.
    pub(crate) async fn retry_until_stopped<T, F, Fut>(&self, ask: F) -> Result<T, Unstored>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, StoreError>>,
    {
        let delays = RECORD_DELAYS;
        Retry { places: &self.places, ended: Some(&self.ended), delays }.run(ask).await
    }

    /// The same, also after the session has ended: for what this worker alone knows and must not lose.
    pub(crate) async fn retry_until_done<T, F, Fut>(&self, ask: F) -> Result<T, Unstored>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, StoreError>>,
    {
        Retry { places: &self.places, ended: None, delays: RECORD_DELAYS }.run(ask).await
    }
}

/// How a command is repeated.
struct Retry<'a> {
    places: &'a Places,
    /// Cancelled when the session ends; without it, only an answer ends the repetition.
    ended: Option<&'a CancellationToken>,
    delays: [Duration; 4],
}

impl Retry<'_> {
    async fn run<T, F, Fut>(&self, mut ask: F) -> Result<T, Unstored>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, StoreError>>,
    {
        let mut failures = 0;
        let mut record_delays = self.delays.iter();
        loop {
            let error = match ask().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            failures += 1;
            match error {
                StoreError::Away(_) => {
                    tracing::debug!(%error, failures, "waiting for Redis");
                    self.wait(RETRY_DELAYS.wait(failures, jitter())).await?;
                }
                StoreError::Record(error) => {
                    let Some(delay) = record_delays.next() else {
                        tracing::error!(%error, "record not usable, giving up");
                        return Err(Unstored::Record(error));
                    };
                    tracing::warn!(%error, delay_s = delay.as_secs(), "record not usable");
                    self.wait(RETRY_DELAYS.wait(failures, jitter())).await?;
                    self.wait_while_half_free(*delay).await?;
                }
            }
        }
    }

    /// Waits, but not while other deliveries may need the place: many messages with unusable records must
    /// not keep the others waiting (docs/contract.md, invariant 8).
    async fn wait_while_half_free(&self, delay: Duration) -> Result<(), Abandoned> {
        let until = Instant::now() + delay;
        while self.places.is_half_free() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.wait(left.min(PLACES_CHECK)).await?;
        }
        Ok(())
    }

    async fn wait(&self, duration: Duration) -> Result<(), Abandoned> {
        let Some(ended) = self.ended else {
            tokio::time::sleep(duration).await;
            return Ok(());
        };
        tokio::select! {
            biased;
            () = ended.cancelled() => Err(Abandoned),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
