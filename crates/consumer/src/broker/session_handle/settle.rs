//! Settling a delivery: acknowledging, rejecting and requeuing.

use std::time::Duration;

use lapin::{
    Acker,
    options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions},
};
use tokio::time::timeout;

use super::{Abandoned, SessionHandle};

/// How long settling may take. On a connection that has just died, the client may never answer.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(5);

impl SessionHandle {
    /// Acknowledges a delivery.
    pub(crate) async fn acknowledge(&self, acker: &Acker) -> Result<(), Abandoned> {
        self.settle(acker.ack(BasicAckOptions::default())).await
    }

    /// Lets the broker make a dead letter of the message itself, because only the broker has its body.
    pub(crate) async fn reject(&self, acker: &Acker) -> Result<(), Abandoned> {
        self.settle(acker.reject(BasicRejectOptions { requeue: false })).await
    }

    async fn settle(
        &self,
        settling: impl Future<Output = lapin::Result<bool>>,
    ) -> Result<(), Abandoned> {
        let error = match timeout(SETTLE_TIMEOUT, settling).await {
            Ok(Ok(true)) => return Ok(()),
            // The delivery's channel is closed: the broker delivers the message again.
            Ok(Ok(false)) => return Err(Abandoned),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("not written within {SETTLE_TIMEOUT:?}"),
        };
        tracing::warn!(error, "settling a delivery failed, ending the session");
        self.end_session();
        Err(Abandoned)
    }

    /// Returns a delivery to its queue, for another worker. Where the session is lost, the broker has
    /// done so by itself.
    pub(crate) async fn requeue(&self, acker: &Acker) {
        if self.publisher.is_closed() {
            return;
        }
        let options = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        match timeout(SETTLE_TIMEOUT, acker.nack(options)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "requeuing failed"),
            Err(_) => tracing::debug!("requeuing failed: not written within {SETTLE_TIMEOUT:?}"),
        }
    }
}
