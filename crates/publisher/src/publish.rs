//! Publishing that says exactly what became of the message.

use std::sync::Arc;
use std::time::Duration;

use events::names;
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation, Connection};

use crate::channels::Channels;
use crate::message::{Message, short_string};
use crate::watch::Watch;

/// Why a message is not known to be safe with the broker.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No queue is bound for it: the broker gave it back (and confirmed it nevertheless).
    #[error(
        "the broker returned the message, nobody would have received it: {reply_code} {reply_text}"
    )]
    Returned {
        /// AMQP's code; 312 means no route.
        reply_code: u16,
        /// The broker's words.
        reply_text: String,
    },
    /// The broker would not take it: a queue is full or failed.
    #[error("the broker refused the message")]
    Refused,
    /// No answer in time. It may have been stored or not.
    #[error("the broker did not confirm the message within {0:?}")]
    Unconfirmed(Duration),
    /// The connection or the channel ended first. It may have been stored or not.
    #[error("the connection was lost before the broker confirmed the message")]
    Lost(#[source] lapin::Error),
}

/// Publishes over one connection: every message persistent and mandatory, and successful only once
/// the broker has confirmed it and not returned it. Clones share the connection and its channels.
///
/// When the last clone is dropped, the connection closes.
#[derive(Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
}

struct Shared {
    channels: Channels,
    confirm_timeout: Duration,
    watch: Watch,
}

impl Publisher {
    /// Takes over a connection that nobody consumes on (under a memory alarm the broker stops
    /// reading from publishing connections, acknowledgements included). `channels` is how many
    /// messages can be on their way at once; `confirm_timeout` bounds every [`Publisher::publish`].
    ///
    /// # Errors
    /// Where the connection does not hold until the first channel is open.
    pub async fn open(
        connection: Connection,
        channels: usize,
        confirm_timeout: Duration,
    ) -> Result<Self, lapin::Error> {
        let watch = Watch::over(&connection);
        let channels = Channels::new(connection, channels);
        // Whoever may not open a channel should learn it here, not at the first message.
        channels.borrow().await?.give_back();
        Ok(Self { shared: Arc::new(Shared { channels, confirm_timeout, watch }) })
    }

    /// Publishes and waits for the broker's answer, no longer than the confirm timeout, the wait
    /// for a free channel included. May be dropped at any time; the message is then in the same
    /// doubt as after [`PublishError::Unconfirmed`].
    ///
    /// # Errors
    /// See [`PublishError`]. After `Lost` the caller should see whether the whole connection is
    /// gone ([`Publisher::is_closed`]); a channel alone is replaced here.
    pub async fn publish(&self, message: Message) -> Result<(), PublishError> {
        let timeout = self.shared.confirm_timeout;
        tokio::select! {
            biased;
            answer = self.publish_unbounded(message) => answer,
            // Now and then the client forgets to fail a publish that began as the connection died.
            error = self.shared.watch.closed() => Err(PublishError::Lost(error)),
            () = tokio::time::sleep(timeout) => Err(PublishError::Unconfirmed(timeout)),
        }
    }

    /// Returns when the connection is lost or closed, with the reason.
    pub async fn closed(&self) -> String {
        self.shared.watch.closed().await.to_string()
    }

    /// Whether the connection is gone. It does not come back.
    pub fn is_closed(&self) -> bool {
        !self.shared.channels.connection().status().connected()
    }

    /// Says goodbye to the broker. What is still being published fails.
    pub async fn close(&self) {
        // A connection that is already gone needs no goodbye.
        let goodbye = self.shared.channels.connection().close(200, "done".into());
        let _ = tokio::time::timeout(self.shared.confirm_timeout, goodbye).await;
    }

    /// Whatever way this ends early, by error or by being dropped, the channel is not given back.
    async fn publish_unbounded(&self, message: Message) -> Result<(), PublishError> {
        let loan = self.shared.channels.borrow().await.map_err(PublishError::Lost)?;
        let answer = send(loan.channel(), message).await.map_err(PublishError::Lost)?;
        loan.give_back();
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
