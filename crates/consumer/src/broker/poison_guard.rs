//! The poison guard: messages that are delivered again and again, one of which may kill its worker.
//!
//! The broker counts deliveries, also those of messages that were only prefetched beside a poison
//! message. So suspects are handled one at a time and in random order: each run of a worker settles some
//! of the others, and the count of the poison message alone reaches the limit.

use std::time::Duration;

use publisher::ReceivedMessage;
use tokio::sync::{Mutex, MutexGuard};

use super::session_handle::{Abandoned, SessionHandle};
use crate::jitter::jitter;

/// A message with this many deliveries is a suspect.
const SUSPECT: u32 = 5;

/// Suspects that arrive together wait a random time up to this, so that their order is random.
const SHUFFLE: Duration = Duration::from_millis(200);

/// Admits suspects one at a time.
#[derive(Debug, Default)]
pub(crate) struct PoisonGuard(Mutex<()>);

impl PoisonGuard {
    /// Admits a message: at once where it is no suspect, else alone, until the guard is dropped.
    pub(crate) async fn admit(
        &self,
        session: &SessionHandle,
        message: &ReceivedMessage,
    ) -> Result<Option<MutexGuard<'_, ()>>, Abandoned> {
        if message.deliveries() < SUSPECT {
            return Ok(None);
        }
        tracing::debug!(deliveries = message.deliveries(), "poison suspect");
        session.wait(SHUFFLE.mul_f64(jitter())).await?;
        tokio::select! {
            biased;
            alone = self.0.lock() => Ok(Some(alone)),
            () = session.until_ended() => Err(Abandoned),
        }
    }
}
