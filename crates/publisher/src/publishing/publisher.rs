//! Publishing with an exact result for each message (`docs/contract.md`, RabbitMQ).

use std::sync::Arc;
use std::time::Duration;

use events::names;
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel, Confirmation, Connection};

use super::channel_pool::ChannelPool;
use crate::connection::watch::ConnectionWatch;
use crate::message::Message;
use crate::message::text::short_string;

/// The routing key of a probe. No queue has this name.
const PROBE: &str = "postern.publishing-check";

/// The reason for which a message is not known to be stored by the broker.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No queue is bound for it: the broker returned it (and confirmed it nevertheless).
    #[error(
        "the broker returned the message because no queue is bound for it: {reply_code} {reply_text}"
    )]
    Returned {
        /// AMQP's code; 312 is "no route".
        reply_code: u16,
        /// The broker's message.
        reply_text: String,
    },
    /// The broker refused it: a queue is full or failed.
    #[error("the broker refused the message")]
    Refused,
    /// There was no answer in time, and the broker did not block publishers. It may have been stored or
    /// not.
    #[error("the broker did not confirm the message within {0:?}")]
    Unconfirmed(Duration),
    /// The connection or the channel ended first. It may have been stored or not.
    #[error("the connection was lost before the broker confirmed the message")]
    Lost(#[source] lapin::Error),
}

/// Publishes over one connection. Every message is persistent and mandatory, and published only once the
/// broker has confirmed it and not returned it. Clones share the connection and its channels.
///
/// When the last clone is dropped, the connection closes.
#[derive(Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
}

struct Shared {
    channels: ChannelPool,
    confirm_timeout: Duration,
    watch: ConnectionWatch,
}

impl Publisher {
    /// Takes over a connection without consumers (during a memory alarm the broker stops reading from
    /// connections that publish, acknowledgements included). `channels` is the number of messages that
    /// can be in flight at once; `confirm_timeout` bounds every [`Publisher::publish`], except while the
    /// broker blocks publishers.
    ///
    /// # Errors
    /// Where the connection is lost before the first channel is open.
    pub async fn open(
        connection: Connection,
        channels: usize,
        confirm_timeout: Duration,
    ) -> Result<Self, lapin::Error> {
        let watch = ConnectionWatch::new(&connection);
        let channels = ChannelPool::new(connection, channels);
        // A missing right to open channels should show here and not at the first message.
        channels.acquire().await?.release();
        Ok(Self { shared: Arc::new(Shared { channels, confirm_timeout, watch }) })
    }

    /// Publishes and waits for the broker's answer, no longer than the confirm timeout, the wait
    /// for a free channel included. While the broker blocks publishers it waits without end, and
    /// afterwards for the confirm timeout again. The future may be dropped at any time; as after
    /// [`PublishError::Unconfirmed`], it is then unknown whether the message was stored.
    ///
    /// # Errors
    /// See [`PublishError`]. After `Lost` the caller should check whether the whole connection is lost
    /// ([`Publisher::is_closed`]); a lost channel alone is replaced here.
    pub async fn publish(&self, message: Message) -> Result<(), PublishError> {
        let timeout = self.shared.confirm_timeout;
        tokio::select! {
            biased;
            answer = self.publish_unbounded(message) => answer,
            // Sometimes the client does not fail a publish that began while the connection was lost.
            error = self.shared.watch.closed() => Err(PublishError::Lost(error)),
            () = self.overdue() => Err(PublishError::Unconfirmed(timeout)),
        }
    }

    /// Publishes messages that no queue takes, until the broker has answered one and does not block
    /// publishers. A broker in a memory or disk alarm blocks a connection only once it publishes, and may
    /// answer that message nevertheless.
    ///
    /// # Errors
    /// As [`Publisher::publish`], but being returned is what should happen.
    pub async fn probe(&self) -> Result<(), PublishError> {
        loop {
            let message = Message {
                exchange: String::new(),
                routing_key: PROBE.to_owned(),
                body: Vec::new(),
                properties: BasicProperties::default(),
            };
            match self.publish(message).await {
                Ok(()) | Err(PublishError::Returned { .. }) if self.is_blocked() => {}
                Ok(()) | Err(PublishError::Returned { .. }) => return Ok(()),
                Err(
                    error @ (PublishError::Refused
                    | PublishError::Unconfirmed(_)
                    | PublishError::Lost(_)),
                ) => return Err(error),
            }
        }
    }

    /// Returns when the broker blocks this connection because of a memory or disk alarm, with the broker's
    /// reason; at once where it does so now. Never, once the connection is lost.
    pub async fn blocked(&self) -> String {
        self.shared.watch.blocked().await
    }

    /// Returns when the broker does not block this connection. Never, once the connection is lost.
    pub async fn unblocked(&self) {
        self.shared.watch.unblocked().await;
    }

    /// Whether the broker blocks this connection, according to everything that was received from it.
    pub fn is_blocked(&self) -> bool {
        self.shared.channels.connection().status().blocked()
    }

    /// Returns when the connection is lost or closed, with the reason.
    pub async fn closed(&self) -> String {
        self.shared.watch.closed().await.to_string()
    }

    /// Whether the connection is lost or closed. It does not reconnect.
    pub fn is_closed(&self) -> bool {
        !self.shared.channels.connection().status().connected()
    }

    /// Closes the connection. Publishes in flight fail. A blocked connection closes once it is no longer
    /// blocked, because the client writes nothing before.
    pub async fn close(&self) {
        // Closing a connection that is lost already fails, which does not matter.
        let closing = self.shared.channels.connection().close(200, "done".into());
        tokio::select! {
            biased;
            _ = tokio::time::timeout(self.shared.confirm_timeout, closing) => {}
            _ = self.shared.watch.blocked() => {}
        }
    }

    /// Returns when the connection was not blocked for the whole confirm timeout.
    async fn overdue(&self) {
        loop {
            self.shared.watch.unblocked().await;
            tokio::select! {
                biased;
                _ = self.shared.watch.blocked() => {}
                () = tokio::time::sleep(self.shared.confirm_timeout) => return,
            }
        }
    }

    /// Where this ends early, by an error or by being dropped, the channel does not return to the pool.
    async fn publish_unbounded(&self, message: Message) -> Result<(), PublishError> {
        let pooled = self.shared.channels.acquire().await.map_err(PublishError::Lost)?;
        let answer = send(pooled.channel(), message).await.map_err(PublishError::Lost)?;
        pooled.release();
        match answer {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)) => {
                Err(PublishError::Returned {
                    reply_code: returned.reply_code,
                    reply_text: returned.reply_text.to_string(),
                })
            }
            // A channel of the pool is always in confirm mode.
            Confirmation::Nack(None) | Confirmation::NotRequested => Err(PublishError::Refused),
        }
    }
}

async fn send(channel: &Channel, message: Message) -> Result<Confirmation, lapin::Error> {
    let options = BasicPublishOptions { mandatory: true, immediate: false };
    let properties = message.properties.with_delivery_mode(names::DELIVERY_MODE);
    channel
        .basic_publish(
            short_string(&message.exchange),
            short_string(&message.routing_key),
            options,
            &message.body,
            properties,
        )
        .await?
        .await
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}
