//! Repeating Redis commands that a delivery needs.

use std::{future::Future, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{Abandoned, RETRY_DELAYS, SessionHandle};
use crate::{
    broker::places::Place,
    jitter::jitter,
    state::store::{RecordError, StoreError},
};

/// Waits in place between attempts at a record that cannot be used, for what this worker alone knows.
const RECORD_DELAYS: [Duration; 4] = [
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(32),
    Duration::from_secs(64),
];

/// Why Redis did not do what a delivery needs.
#[derive(Debug)]
pub(crate) enum Unstored {
    /// See [`Abandoned`].
    Abandoned,
    /// The record could not be used.
    Record(RecordError),
}

impl From<Abandoned> for Unstored {
    fn from(Abandoned: Abandoned) -> Self {
        Self::Abandoned
    }
}

impl SessionHandle {
    /// Asks Redis until it answers or the session ends, without limit while Redis is away. A record that
    /// cannot be used ends it: the delivery waits for the repair in a retry queue.
    pub(crate) async fn retry_until_stopped<T, F, Fut>(&self, ask: F) -> Result<T, Unstored>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, StoreError>>,
    {
        Retry { ended: Some(&self.ended), place: None, delays: &[] }.run(ask).await
    }

    /// The same, also after the session has ended, and with waits in place for a record that cannot be used:
    /// for what this worker alone knows and must not lose.
    pub(crate) async fn retry_until_done<T, F, Fut>(
        &self,
        place: &Place,
        ask: F,
    ) -> Result<T, Unstored>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, StoreError>>,
    {
        Retry { ended: None, place: Some(place), delays: &RECORD_DELAYS }.run(ask).await
    }
}

/// How a command is repeated.
struct Retry<'a> {
    /// Cancelled when the session ends; without it, only an answer ends the repetition.
    ended: Option<&'a CancellationToken>,
    /// Where it waits for a record that cannot be used.
    place: Option<&'a Place>,
    delays: &'a [Duration],
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
                        return Err(Unstored::Record(error));
                    };
                    tracing::warn!(%error, delay_s = delay.as_secs(), "record not usable");
                    self.wait_for_record(*delay, failures).await?;
                }
            }
        }
    }

    /// Waits for the repair of a record: shortly, where other requests may need the place
    /// (docs/contract.md, invariant 8).
    async fn wait_for_record(&self, delay: Duration, failures: u32) -> Result<(), Abandoned> {
        match self.place.and_then(Place::wait) {
            Some(_waiting) => self.wait(delay).await,
            None => self.wait(RETRY_DELAYS.wait(failures, jitter())).await,
        }
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
