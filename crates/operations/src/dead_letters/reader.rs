//! Reads the queue of dead letters without removing them.

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

use super::exclusive_session;
use crate::Observer;

/// The size of the first window, in letters.
const FIRST_WINDOW: usize = 16;
/// The limit of delivered letters in a window, in bytes, estimated from the letters before.
const WINDOW_BYTES: usize = 16 * 1024 * 1024;
/// The largest possible prefetch.
const LARGEST_WINDOW: usize = 65_535;
/// The time without a letter after which the queue is checked for more.
const CHECK_AFTER: Duration = Duration::from_secs(1);
/// The time without a letter after which those that are not in the queue are no longer expected. The broker takes
/// letters out of the queue first, and then reads them: that may take seconds where they are large.
const GONE_AFTER: Duration = Duration::from_secs(10);
/// The time for the broker to take letters back: it first writes those that it has begun to deliver, which may be
/// large.
const RETURN_TIMEOUT: Duration = Duration::from_secs(10);
/// The time after which a broker that delivers none of its letters is an error.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);

/// Reads from the first dead letter to the last one that was in the queue at the start. The letters stay
/// in the broker, unacknowledged, until they are removed or the reader ends.
///
/// The broker delivers as fast as it can, so that only the prefetch limits the memory used here. As
/// unacknowledged letters count, the reader is a sequence of consumers (windows): when one has got as
/// many letters as its prefetch, the next one starts. They share a channel, because a channel returns
/// letters in the order of its consumers; and there are few of them, because RabbitMQ 3 loses the order
/// beyond 32. Therefore the size of the windows doubles as long as letters are small.
pub(super) struct QueueReader {
    channel: Channel,
    /// For the state of the queue: an error closes a channel, and the consuming one must stay open.
    state_channel: Channel,
    window: Option<ReadWindow>,
    windows: usize,
    next_size: usize,
    position: u32,
    end: u32,
    removed: Arc<AtomicUsize>,
}

/// One consumer of the sequence.
struct ReadWindow {
    consumer: Consumer,
    size: usize,
    received: usize,
    bytes: usize,
    removed: Arc<AtomicUsize>,
    cancelled: bool,
}

/// A delivered dead letter, which can be removed.
pub(super) struct DeliveredLetter {
    pub(super) arrival: ReceivedMessage,
    acker: Acker,
    removed: [Arc<AtomicUsize>; 2],
}

impl DeliveredLetter {
    /// Removes the letter from the queue.
    pub(super) async fn remove(&self) -> anyhow::Result<()> {
        match self.acker.ack(BasicAckOptions::default()).await {
            Ok(true) => {
                for removed in &self.removed {
                    removed.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            }
            Ok(false) => {
                Err(anyhow!("the dead letter could not be removed: its channel is closed"))
            }
            Err(error) => Err(error).context("the connection to the broker was lost"),
        }
    }
}

impl QueueReader {
    /// Starts at the first letter. The exclusive session must have been acquired.
    pub(super) async fn begin(
        connection: &Connection,
        observer: &dyn Observer,
    ) -> anyhow::Result<Self> {
        let channel = connection.create_channel().await?;
        let state_channel = connection.create_channel().await?;
        let end = exclusive_session::count_letters(&state_channel, observer).await?;
        Ok(Self {
            channel,
            state_channel,
            window: None,
            windows: 0,
            next_size: FIRST_WINDOW,
            position: 0,
            end,
            removed: Arc::default(),
        })
    }

    /// The next letter; nothing after the last one.
    ///
    /// The reader must not be used further where this future was dropped before its end.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<DeliveredLetter>> {
        let mut waiting_since = Instant::now();
        while self.position < self.end {
            let mut window = match self.window.take() {
                Some(window) => window,
                None => self.open_window().await?,
            };
            if window.is_full() && !window.cancelled {
                let options = BasicCancelOptions::default();
                self.channel.basic_cancel(window.consumer.tag(), options).await?;
                window.cancelled = true;
            }
            match timeout(CHECK_AFTER, window.consumer.next()).await {
                Ok(Some(delivery)) => {
                    let (arrival, acker) =
                        ReceivedMessage::from_delivery(DEAD_LETTERS_QUEUE, delivery?);
                    window.received += 1;
                    window.bytes += arrival.size();
                    self.position += 1;
                    let removed = [Arc::clone(&self.removed), Arc::clone(&window.removed)];
                    self.window = Some(window);
                    return Ok(Some(DeliveredLetter { arrival, acker, removed }));
                }
                Ok(None) if window.cancelled => {
                    self.next_size = window.following_size();
                    waiting_since = Instant::now();
                }
                Ok(None) => return Err(anyhow!("the broker ended the subscription")),
                Err(_) if waiting_since.elapsed() > DELIVERY_TIMEOUT => {
                    return Err(anyhow!("the broker does not deliver the dead letters"));
                }
                Err(_) => {
                    let state = queue_state(&self.state_channel, DEAD_LETTERS_QUEUE).await?;
                    if state.ready == 0 && waiting_since.elapsed() > GONE_AFTER {
                        // Another program has consumed or purged the rest.
                        self.end = self.position;
                    }
                    self.window = Some(window);
                }
            }
        }
        Ok(None)
    }

    /// The number of letters that there are to read.
    pub(super) fn end_position(&self) -> u32 {
        self.end
    }

    /// The number of letters that were read.
    pub(super) fn position(&self) -> u32 {
        self.position
    }

    async fn open_window(&mut self) -> anyhow::Result<ReadWindow> {
        let prefetch = u16::try_from(self.next_size).unwrap_or(u16::MAX);
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
        let (size, removed) = (self.next_size, Arc::default());
        Ok(ReadWindow { consumer, size, received: 0, bytes: 0, removed, cancelled: false })
    }

    /// Returns the letters that were not removed, in their old order, and waits until they are ready in
    /// the queue again.
    pub(super) async fn end(self) -> anyhow::Result<()> {
        // The channel is closed before the consumer is dropped, because a dropped consumer would cancel
        // itself on the closed channel.
        self.channel.close(200, "done".into()).await?;
        drop(self.window);
        let removed = u32::try_from(self.removed.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        let returned = self.position.saturating_sub(removed);
        let started = Instant::now();
        while queue_state(&self.state_channel, DEAD_LETTERS_QUEUE).await?.ready < returned
            && started.elapsed() < RETURN_TIMEOUT
        {
            sleep(Duration::from_millis(5)).await;
        }
        self.state_channel.close(200, "done".into()).await?;
        Ok(())
    }
}

impl ReadWindow {
    /// Whether the broker delivers no further letter to this window.
    fn is_full(&self) -> bool {
        self.received.saturating_sub(self.removed.load(Ordering::Relaxed)) >= self.size
    }

    /// The size of the next window: twice as many letters, within the limit of bytes.
    fn following_size(&self) -> usize {
        let average = self.bytes / self.received.max(1) + 1;
        (self.size * 2).min(WINDOW_BYTES / average).clamp(FIRST_WINDOW, LARGEST_WINDOW)
    }
}
