//! What a message holds on to while it is on its way: the session it came with.

use std::{future::Future, sync::Arc, time::Duration};

use lapin::{
    Acker,
    options::{BasicAckOptions, BasicNackOptions},
};
use publisher::{Message, PublishError, Publisher};
use rand::RngExt as _;
use rules::Delays;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::store::StoreError;

/// Waits between attempts at Redis and the broker.
const PAUSES: Delays = Delays { base: Duration::from_millis(100), cap: Duration::from_secs(2) };

/// How long settling may take. On a connection that has just died, the client may never answer.
const SETTLING: Duration = Duration::from_secs(5);

/// How long a message that nobody wants now is offered before it makes room.
const OFFERING: Duration = Duration::from_secs(1);

/// How often something that cannot be explained by an outage is tried.
pub(crate) const TRIES: u32 = 5;

/// The message must be let go unsettled: the worker stops or its session is lost. The broker
/// delivers it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LetGo;

/// A message was offered to the broker for a while, and is not with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unpublished {
    /// See [`LetGo`].
    LetGo,
    /// No queue is bound for it, or one that is takes nothing now.
    Unwanted,
}

impl From<LetGo> for Unpublished {
    fn from(LetGo: LetGo) -> Self {
        Self::LetGo
    }
}

/// Why Redis did not do what a message needs.
#[derive(Debug)]
pub(crate) enum Unstored {
    /// See [`LetGo`].
    LetGo,
    /// Redis refuses, again and again.
    Refused(StoreError),
}

impl From<LetGo> for Unstored {
    fn from(LetGo: LetGo) -> Self {
        Self::LetGo
    }
}

/// What became of one attempt to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Published {
    Yes,
    /// No queue is bound for it.
    Returned,
    /// The broker, or the channel, did not take it this time.
    Refused,
}

/// A session's way out, and the sign that it is over.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    publisher: Publisher,
    /// Cancelled when the worker stops or the session is lost.
    halt: CancellationToken,
    /// The permits of the queue that the message came from, and how many there are in all.
    room: (Arc<Semaphore>, usize),
}

impl Line {
    pub(crate) fn new(publisher: Publisher, halt: CancellationToken) -> Self {
        Self { publisher, halt, room: (Arc::new(Semaphore::new(0)), 0) }
    }

    /// The same, for messages that hold one of these permits each, of so many in all.
    pub(crate) fn among(&self, permits: &Arc<Semaphore>, all: usize) -> Self {
        Self { room: (Arc::clone(permits), all), ..self.clone() }
    }

    /// Whether a message may well wait in its place: most others are free.
    pub(crate) fn is_roomy(&self) -> bool {
        let (permits, all) = &self.room;
        permits.available_permits() * 2 >= *all
    }

    /// Returns when messages should be let go.
    pub(crate) async fn halted(&self) {
        self.halt.cancelled().await;
    }

    /// Whether messages should be let go.
    pub(crate) fn is_halted(&self) -> bool {
        self.halt.is_cancelled()
    }

    /// Ends the session: its messages come again with the next one.
    pub(crate) fn hang_up(&self) {
        self.halt.cancel();
    }

    /// Waits, unless the message must be let go first.
    pub(crate) async fn wait(&self, duration: Duration) -> Result<(), LetGo> {
        tokio::select! {
            biased;
            () = self.halt.cancelled() => Err(LetGo),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }

    /// Asks Redis until it answers: without end while it is away, a few times where it refuses.
    pub(crate) async fn insist<T, F, Fut>(&self, ask: F) -> Result<T, Unstored>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, StoreError>>,
    {
        insist(ask, Some(self)).await
    }

    /// The same, come what may to the session: for what is known here alone and must not be lost.
    pub(crate) async fn persist<T, F, Fut>(&self, ask: F) -> Result<T, Unstored>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, StoreError>>,
    {
        insist(ask, None).await
    }

    /// Puts a message into a queue that postern declares itself, until the broker has confirmed it.
    /// Where the queue is gone, the session ends, and the next one declares it again.
    pub(crate) async fn put(&self, message: &Message) -> Result<(), LetGo> {
        let mut failures = 0;
        loop {
            match self.try_publish(message, failures).await? {
                Published::Yes => return Ok(()),
                Published::Refused => {}
                Published::Returned => {
                    tracing::error!(
                        routing_key = message.routing_key,
                        "its queue is gone, ending the session"
                    );
                    self.hang_up();
                    return Err(LetGo);
                }
            }
            failures += 1;
            self.wait(PAUSES.wait(failures, dice())).await?;
        }
    }

    /// Publishes an event, until the broker has confirmed it and not returned it; for a while. To a
    /// rehearsal nobody need listen.
    pub(crate) async fn offer(
        &self,
        message: &Message,
        rehearsal: bool,
    ) -> Result<(), Unpublished> {
        let until = Instant::now() + OFFERING;
        let mut failures = 0;
        loop {
            match self.try_publish(message, failures).await? {
                Published::Yes => return Ok(()),
                Published::Refused => {}
                Published::Returned if rehearsal => return Ok(()),
                Published::Returned => {
                    let routing_key = message.routing_key.as_str();
                    tracing::warn!(
                        routing_key,
                        failures,
                        "not published yet: nobody would have received it"
                    );
                }
            }
            failures += 1;
            let pause = PAUSES.wait(failures, dice());
            if Instant::now() + pause > until {
                return Err(Unpublished::Unwanted);
            }
            self.wait(pause).await?;
        }
    }

    async fn try_publish(&self, message: &Message, failures: u32) -> Result<Published, LetGo> {
        let Err(error) = self.publisher.publish(message.clone()).await else {
            return Ok(Published::Yes);
        };
        let routing_key = message.routing_key.as_str();
        match error {
            PublishError::Returned { .. } => Ok(Published::Returned),
            PublishError::Refused => {
                tracing::warn!(%error, routing_key, failures, "not published yet");
                Ok(Published::Refused)
            }
            PublishError::Lost(_) if !self.publisher.is_closed() => {
                tracing::warn!(%error, routing_key, failures, "not published yet");
                Ok(Published::Refused)
            }
            PublishError::Lost(_) | PublishError::Unconfirmed(_) => {
                tracing::warn!(%error, routing_key, "publishing failed, ending the session");
                self.hang_up();
                Err(LetGo)
            }
        }
    }

    /// Settles a message for good.
    pub(crate) async fn acknowledge(&self, acker: &Acker) -> Result<(), LetGo> {
        let error = match timeout(SETTLING, acker.ack(BasicAckOptions::default())).await {
            Ok(Ok(true)) => return Ok(()),
            // The delivery belongs to a channel that is gone: it comes again.
            Ok(Ok(false)) => return Err(LetGo),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("not written within {SETTLING:?}"),
        };
        tracing::warn!(error, "acknowledging failed, ending the session");
        self.hang_up();
        Err(LetGo)
    }

    /// Gives a message back to its queue, for another worker. Where the session is lost the
    /// broker has done so by itself.
    pub(crate) async fn give_back(&self, acker: &Acker) {
        if self.publisher.is_closed() {
            return;
        }
        let options = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        match timeout(SETTLING, acker.nack(options)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "not given back by hand"),
            Err(_) => tracing::debug!("not given back by hand in time"),
        }
    }
}

/// Without a `line`, nothing ends it but an answer.
async fn insist<T, F, Fut>(mut ask: F, line: Option<&Line>) -> Result<T, Unstored>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, StoreError>>,
{
    let (mut failures, mut refusals) = (0, 0);
    loop {
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        failures += 1;
        match error {
            StoreError::Away(_) => tracing::debug!(%error, failures, "waiting for Redis"),
            StoreError::Refused(_) => {
                refusals += 1;
                tracing::error!(%error, refusals, "Redis refused");
                if refusals == TRIES {
                    return Err(Unstored::Refused(error));
                }
            }
        }
        let pause = PAUSES.wait(failures, dice());
        match line {
            Some(line) => line.wait(pause).await?,
            None => tokio::time::sleep(pause).await,
        }
    }
}

/// From 0 to 1, for jitter.
pub(crate) fn dice() -> f64 {
    rand::rng().random()
}
