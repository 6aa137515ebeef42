//! The subscription to one queue: a consumer on a channel of its own, so that a flood of one queue never
//! delays the other.

use std::time::Duration;

use lapin::{
    Channel, Connection, Consumer,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use tokio::time::timeout;

/// How long subscribing, and closing an old channel, may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(5);

/// How long cancelling may take.
const CANCEL_TIMEOUT: Duration = Duration::from_millis(500);

/// Why there is no subscription.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscriptionError {
    #[error(transparent)]
    Refused(#[from] lapin::Error),
    #[error("RabbitMQ did not answer within {STEP_TIMEOUT:?}")]
    Silent(#[from] tokio::time::error::Elapsed),
}

/// A subscription to one queue.
#[derive(Debug)]
pub(crate) struct Subscription {
    queue: &'static str,
    prefetch: u16,
    channel: Channel,
    pub(crate) deliveries: Consumer,
}

impl Subscription {
    /// Subscribes.
    pub(crate) async fn open(
        connection: &Connection,
        queue: &'static str,
        prefetch: u16,
    ) -> Result<Self, SubscriptionError> {
        let channel = timeout(STEP_TIMEOUT, connection.create_channel()).await??;
        match timeout(STEP_TIMEOUT, Self::subscribe(channel.clone(), queue, prefetch)).await {
            Ok(subscribed) => subscribed,
            Err(silent) => {
                // The broker may subscribe it later, and send deliveries that are never taken.
                let close = channel.close(200, "not subscribed in time".into());
                let _ = timeout(STEP_TIMEOUT, close).await;
                Err(silent.into())
            }
        }
    }

    async fn subscribe(
        channel: Channel,
        queue: &'static str,
        prefetch: u16,
    ) -> Result<Self, SubscriptionError> {
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let deliveries =
            channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
        Ok(Self { queue, prefetch, channel, deliveries })
    }

    /// Subscribes anew, and closes the old channel with the deliveries that the broker has sent over it.
    /// Only while no delivery is being handled.
    ///
    /// Where a queue is deleted and declared again at once (by another worker, for example), RabbitMQ
    /// 3.10 moves its consumers over without a notice and then drops what it delivers to them: the broker
    /// reports a working consumer, and the worker sees only a quiet queue.
    pub(crate) async fn renew(&mut self, connection: &Connection) -> Result<(), SubscriptionError> {
        let fresh = match Self::open(connection, self.queue, self.prefetch).await {
            Ok(fresh) => fresh,
            // The queue's leader may be busy. The old subscription may still work.
            Err(error @ SubscriptionError::Silent(_)) => {
                tracing::debug!(queue = self.queue, %error, "subscription not renewed");
                return Ok(());
            }
            Err(error @ SubscriptionError::Refused(_)) => return Err(error),
        };
        let old = std::mem::replace(self, fresh);
        match timeout(STEP_TIMEOUT, old.channel.close(200, "renewed".into())).await {
            Ok(closed) => closed?,
            Err(_) => tracing::debug!(queue = self.queue, "old subscription not closed yet"),
        }
        Ok(())
    }

    /// Takes no more deliveries.
    pub(crate) async fn cancel(&self) {
        let tag = self.deliveries.tag();
        let cancel = self.channel.basic_cancel(tag, BasicCancelOptions::default());
        let _ = timeout(CANCEL_TIMEOUT, cancel).await;
    }
}
