//! Going through the dead letters without taking them away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, anyhow};
use events::names::DEAD_LETTERS_QUEUE;
use futures_util::StreamExt;
use lapin::{
    Acker, Channel, Connection, Consumer,
    options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use publisher::{ReceivedMessage, queue_state};
use tokio::time::{Instant, sleep, timeout};

use super::turn;

/// The first window. Letters.
const FIRST: usize = 16;
/// What may be on its way to us, judged by what came last. Bytes.
const BUDGET: usize = 16 * 1024 * 1024;
/// The largest prefetch there is.
const LARGEST: usize = 65_535;
/// After this long without a letter, is there any?
const QUIET: Duration = Duration::from_secs(1);
/// After this long, the broker does not hand out what it has.
const PATIENCE: Duration = Duration::from_secs(60);

/// A walk from the first dead letter to the last one that was there when it began. The letters stay
/// with the broker, held for this walk, until they are settled or the walk ends.
///
/// The broker sends as fast as it can, whatever the reader does, so that only prefetch bounds what
/// piles up here. As held letters count, the walk is a row of consumers: when one has been given all
/// it may hold, the next begins. They share a channel because a channel gives back in the order of
/// its consumers, and few of them, since beyond 32 RabbitMQ 3 forgets their order: hence windows
/// that double for as long as letters are small.
pub(super) struct Walk {
    channel: Channel,
    /// Asks after the queue: a channel that consumes should not be closed by an error.
    aside: Channel,
    window: Option<Window>,
    windows: usize,
    size: usize,
    seen: u32,
    last: u32,
    settled: Arc<AtomicUsize>,
}

/// One consumer of the row.
struct Window {
    consumer: Consumer,
    size: usize,
    received: usize,
    bytes: usize,
    settled: Arc<AtomicUsize>,
    cancelled: bool,
}

/// One dead letter, and the right to settle it.
pub(super) struct Letter {
    pub(super) arrival: ReceivedMessage,
    acker: Acker,
    settled: [Arc<AtomicUsize>; 2],
}

impl Letter {
    /// Removes it from the dead letters.
    pub(super) async fn remove(&self) -> anyhow::Result<()> {
        match self.acker.ack(BasicAckOptions::default()).await {
            Ok(true) => {
                for settled in &self.settled {
                    settled.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            }
            Ok(false) => Err(anyhow!("the dead letter is no longer ours")),
            Err(error) => Err(error).context("the connection to the broker was lost"),
        }
    }
}

impl Walk {
    /// Begins at the first letter. The turn must have been taken.
    pub(super) async fn begin(connection: &Connection) -> anyhow::Result<Self> {
        let channel = connection.create_channel().await?;
        let aside = connection.create_channel().await?;
        let last = turn::count(&aside).await?;
        let settled = Arc::default();
        Ok(Self { channel, aside, window: None, windows: 0, size: FIRST, seen: 0, last, settled })
    }

    /// The next letter, or `None` after the last one.
    ///
    /// Not to be raced against anything that goes on with the walk afterwards.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Letter>> {
        let mut quiet_since = Instant::now();
        while self.seen < self.last {
            let mut window = match self.window.take() {
                Some(window) => window,
                None => self.open().await?,
            };
            if window.is_full() && !window.cancelled {
                let options = BasicCancelOptions::default();
                self.channel.basic_cancel(window.consumer.tag(), options).await?;
                window.cancelled = true;
            }
            match timeout(QUIET, window.consumer.next()).await {
                Ok(Some(delivery)) => {
                    let (arrival, acker) =
                        ReceivedMessage::from_delivery(DEAD_LETTERS_QUEUE, delivery?);
                    window.received += 1;
                    window.bytes += arrival.body.len();
                    self.seen += 1;
                    let settled = [Arc::clone(&self.settled), Arc::clone(&window.settled)];
                    self.window = Some(window);
                    return Ok(Some(Letter { arrival, acker, settled }));
                }
                Ok(None) if window.cancelled => {
                    self.size = window.following();
                    quiet_since = Instant::now();
                }
                Ok(None) => return Err(anyhow!("the broker ended the subscription")),
                Err(_) => {
                    self.window = Some(window);
                    if queue_state(&self.aside, DEAD_LETTERS_QUEUE).await?.ready == 0 {
                        // Somebody else has taken or purged the rest.
                        self.last = self.seen;
                    } else if quiet_since.elapsed() > PATIENCE {
                        return Err(anyhow!("the broker does not hand out the dead letters"));
                    }
                }
            }
        }
        Ok(None)
    }

    /// How many letters have been passed.
    pub(super) fn passed(&self) -> u32 {
        self.seen
    }

    async fn open(&mut self) -> anyhow::Result<Window> {
        let prefetch = u16::try_from(self.size).unwrap_or(u16::MAX);
        self.channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let tag = format!("window-{:06}", self.windows);
        self.windows += 1;
        let consumer = self
            .channel
            .basic_consume(
                DEAD_LETTERS_QUEUE.into(),
                tag.into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await?;
        let settled = Arc::default();
        let size = self.size;
        Ok(Window { consumer, size, received: 0, bytes: 0, settled, cancelled: false })
    }

    /// Gives back what was not settled, in its old order, and waits until it is there again.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        // Before the consumer goes, or it would ask for its end on a channel that has one.
        self.channel.close(200, "done".into()).await?;
        drop(self.window);
        let settled = u32::try_from(self.settled.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        let held = self.seen.saturating_sub(settled);
        let started = Instant::now();
        while queue_state(&self.aside, DEAD_LETTERS_QUEUE).await?.ready < held
            && started.elapsed() < QUIET
        {
            sleep(Duration::from_millis(5)).await;
        }
        self.aside.close(200, "done".into()).await?;
        Ok(())
    }
}

impl Window {
    /// Whether the broker will not send any more of it.
    fn is_full(&self) -> bool {
        self.received.saturating_sub(self.settled.load(Ordering::Relaxed)) >= self.size
    }

    /// The next window's size: twice as many letters, as long as that is little enough.
    fn following(&self) -> usize {
        let each = self.bytes / self.received.max(1) + 1;
        (self.size * 2).min(BUDGET / each).clamp(FIRST, LARGEST)
    }
}
