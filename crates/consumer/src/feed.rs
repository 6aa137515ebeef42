//! Where one queue's deliveries come from: a consumer on a channel of its own, so that a flood of
//! one queue never delays the other.

use std::time::Duration;

use lapin::{
    Channel, Connection, Consumer,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use tokio::time::timeout;

/// How long each of a feed's dealings with the broker may take.
const STEP: Duration = Duration::from_secs(5);

/// How long giving up may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// Why there is no feed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    #[error(transparent)]
    Refused(#[from] lapin::Error),
    #[error("RabbitMQ did not answer within {STEP:?}")]
    Silent(#[from] tokio::time::error::Elapsed),
}

/// A subscription to one queue.
#[derive(Debug)]
pub(crate) struct Feed {
    queue: &'static str,
    prefetch: u16,
    channel: Channel,
    pub(crate) deliveries: Consumer,
}

impl Feed {
    /// Subscribes.
    pub(crate) async fn open(
        connection: &Connection,
        queue: &'static str,
        prefetch: u16,
    ) -> Result<Self, FeedError> {
        timeout(STEP, Self::subscribe(connection, queue, prefetch)).await?
    }

    async fn subscribe(
        connection: &Connection,
        queue: &'static str,
        prefetch: u16,
    ) -> Result<Self, FeedError> {
        let channel = connection.create_channel().await?;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let deliveries =
            channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
        Ok(Self { queue, prefetch, channel, deliveries })
    }

    /// Subscribes anew, and gives up the old channel with whatever the broker believes to have
    /// delivered over it. Only while no delivery is being worked on.
    ///
    /// Where a queue is deleted and at once declared again (by another worker, say), RabbitMQ 3.10
    /// moves its consumers over without a word and then drops what it delivers to them: to the
    /// broker all looks well, to us the queue is merely quiet.
    pub(crate) async fn renew(&mut self, connection: &Connection) -> Result<(), FeedError> {
        let fresh = Self::open(connection, self.queue, self.prefetch).await?;
        let old = std::mem::replace(self, fresh);
        timeout(STEP, old.channel.close(200, "renewed".into())).await??;
        Ok(())
    }

    /// Takes no more deliveries.
    pub(crate) async fn cancel(&self) {
        let tag = self.deliveries.tag();
        let cancel = self.channel.basic_cancel(tag, BasicCancelOptions::default());
        let _ = timeout(GOODBYE, cancel).await;
    }
}
