//! Messages that come back again and again: one of them may be what kills its worker.
//!
//! The broker counts deliveries, also those of messages that were merely prefetched beside it. So
//! suspects are handled one at a time and in random order: each life of a worker sees some of the
//! innocent ones through, and the count of one alone goes on to the limit.

use std::time::Duration;

use publisher::ReceivedMessage;
use tokio::sync::{Mutex, MutexGuard};

use crate::line::{LetGo, Line, dice};

/// So many deliveries without an end are no accident any more.
const SUSPECT: u32 = 5;

/// Within this, suspects that come together line up in random order.
const LINE_UP: Duration = Duration::from_millis(200);

/// The one place at which suspects are handled.
#[derive(Debug, Default)]
pub(crate) struct Suspects(Mutex<()>);

impl Suspects {
    /// The permission to handle a message: at once for most, alone for suspects.
    pub(crate) async fn admit(
        &self,
        line: &Line,
        arrival: &ReceivedMessage,
    ) -> Result<Option<MutexGuard<'_, ()>>, LetGo> {
        if arrival.deliveries() < SUSPECT {
            return Ok(None);
        }
        line.wait(LINE_UP.mul_f64(dice())).await?;
        tokio::select! {
            biased;
            alone = self.0.lock() => Ok(Some(alone)),
            () = line.halted() => Err(LetGo),
        }
    }
}
