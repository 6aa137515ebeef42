//! Publishing until the broker has confirmed.

use std::time::Duration;

use chrono::Utc;
use publisher::{Message, PublishError};
use tokio::time::{Instant, timeout};

use super::{Abandoned, RETRY_DELAYS, SessionHandle};
use crate::{broker::places::Place, jitter::jitter};

/// How long an event that no queue takes is offered before its request is parked.
const OFFER_TIME: Duration = Duration::from_secs(1);

/// How often a dead letter is offered before its message is parked.
const DEAD_LETTER_OFFERS: u32 = 2;

/// The broker did not take an event, or a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unpublished {
    /// See [`Abandoned`].
    Abandoned,
    /// No queue is bound for it, or a bound queue takes no messages now.
    NoQueue,
}

impl From<Abandoned> for Unpublished {
    fn from(Abandoned: Abandoned) -> Self {
        Self::Abandoned
    }
}

/// The result of one attempt to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PublishResult {
    Confirmed,
    /// No queue is bound for it.
    Returned,
    /// The broker, or the channel, did not take it this time.
    Refused,
}

impl SessionHandle {
    /// Publishes a message that was received before to a queue that postern declares, until the broker
    /// has confirmed it. Where the queue is missing, the session ends, and the next session declares the
    /// queue again.
    pub(crate) async fn enqueue(&self, message: Message) -> Result<(), Abandoned> {
        let message = message.signed(&self.header_key);
        let mut failures = 0;
        while !self.enqueue_once(&message, failures).await? {
            failures += 1;
            self.wait(RETRY_DELAYS.wait(failures, jitter())).await?;
        }
        Ok(())
    }

    /// The same for a dead letter, whose queue may be full for longer: it is offered a few times.
    pub(crate) async fn enqueue_dead_letter(&self, message: Message) -> Result<(), Unpublished> {
        let message = message.signed(&self.header_key);
        for failures in 1..=DEAD_LETTER_OFFERS {
            if self.enqueue_once(&message, failures - 1).await? {
                return Ok(());
            }
            self.wait(RETRY_DELAYS.wait(failures, jitter())).await?;
        }
        Err(Unpublished::NoQueue)
    }

    /// Whether the broker has confirmed the message.
    async fn enqueue_once(&self, message: &Message, failures: u32) -> Result<bool, Abandoned> {
        match self.publish_once(message, failures).await? {
            PublishResult::Confirmed => Ok(true),
            PublishResult::Refused => Ok(false),
            PublishResult::Returned => {
                let routing_key = message.routing_key.as_str();
                tracing::error!(routing_key, "a queue is missing, ending the session");
                self.end_session();
                Err(Abandoned)
            }
        }
    }

    /// Publishes an event, for a limited time, until the broker has confirmed it and has not returned
    /// it; once, where its routing key is known to have no queue, or where its request may not wait in its
    /// place. The event of a rehearsal needs no queue.
    pub(crate) async fn publish_event(
        &self,
        message: &Message,
        rehearsal: bool,
        place: Option<&Place>,
    ) -> Result<(), Unpublished> {
        let until = Instant::now() + OFFER_TIME;
        let mut waiting = None;
        let mut failures = 0;
        loop {
            match self.publish_once(message, failures).await? {
                PublishResult::Confirmed => {
                    self.unrouted_keys.taken(&message.routing_key);
                    return Ok(());
                }
                PublishResult::Refused => {}
                PublishResult::Returned if rehearsal => return Ok(()),
                // Other events have waited for a queue already: this one need not keep its place.
                PublishResult::Returned if self.unrouted_keys.is_known(&message.routing_key) => {
                    self.unrouted_keys.not_taken(&message.routing_key, Utc::now());
                    return Err(Unpublished::NoQueue);
                }
                PublishResult::Returned => {
                    let routing_key = message.routing_key.as_str();
                    tracing::warn!(
                        routing_key,
                        failures,
                        "not published yet: no queue is bound for the routing key"
                    );
                }
            }
            failures += 1;
            let delay = RETRY_DELAYS.wait(failures, jitter());
            if waiting.is_none() {
                waiting = place.and_then(Place::wait);
            }
            let may_wait = waiting.is_some() || place.is_none();
            if !may_wait || Instant::now() + delay > until {
                self.unrouted_keys.not_taken(&message.routing_key, Utc::now());
                return Err(Unpublished::NoQueue);
            }
            self.wait(delay).await?;
        }
    }

    /// Offers a message to the broker once. Whether a queue takes it, and whether the broker answers in time, changes
    /// nothing.
    pub(crate) async fn offer(&self, message: Message) {
        let queue = message.routing_key.clone();
        let offered = timeout(OFFER_TIME, self.publisher.publish(message)).await;
        let why = match offered {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        tracing::debug!(queue, error = why, "copy of an answer not published");
    }

    async fn publish_once(
        &self,
        message: &Message,
        failures: u32,
    ) -> Result<PublishResult, Abandoned> {
        let published = tokio::select! {
            biased;
            published = self.publisher.publish(message.clone()) => published,
            () = self.until_ended_and_blocked() => return Err(Abandoned),
        };
        let Err(error) = published else { return Ok(PublishResult::Confirmed) };
        let routing_key = message.routing_key.as_str();
        match error {
            PublishError::Returned { .. } => Ok(PublishResult::Returned),
            PublishError::Refused => {
                tracing::warn!(%error, routing_key, failures, "not published yet");
                Ok(PublishResult::Refused)
            }
            PublishError::Lost(_) if !self.publisher.is_closed() => {
                tracing::warn!(%error, routing_key, failures, "not published yet");
                Ok(PublishResult::Refused)
            }
            PublishError::Lost(_) | PublishError::Unconfirmed(_) => {
                tracing::warn!(%error, routing_key, "publishing failed, ending the session");
                self.end_session();
                Err(Abandoned)
            }
        }
    }

    /// Returns when the session has ended while RabbitMQ blocks publishers: a worker that stops must not
    /// wait for the end of an alarm.
    async fn until_ended_and_blocked(&self) {
        self.until_ended().await;
        self.until_blocked().await;
    }
}
