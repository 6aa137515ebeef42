//! A pool of channels in confirm mode, each used by one publish at a time.

use std::sync::{Mutex, PoisonError};

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection};
use tokio::sync::{Semaphore, SemaphorePermit};

/// At most `size` channels, opened when first needed.
///
/// The client confuses the confirms of publishes that are in flight together on one channel. Therefore
/// a channel is used by one publish, and returns to the pool only after that publish has its answer. A
/// channel whose answer is still missing (timeout, dropped future, error) does not return: it is
/// closed, and a new one takes its place.
pub(super) struct ChannelPool {
    connection: Connection,
    permits: Semaphore,
    idle: Mutex<Vec<Channel>>,
}

/// A channel of the pool in use, with its permit. Dropping it closes the channel.
pub(super) struct PooledChannel<'a> {
    channel: Channel,
    pool: &'a ChannelPool,
    _permit: SemaphorePermit<'a>,
}

impl ChannelPool {
    pub(super) fn new(connection: Connection, size: usize) -> Self {
        let size = size.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            connection,
            permits: Semaphore::new(size),
            idle: Mutex::new(Vec::with_capacity(size)),
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Waits for a permit, in the order of the calls, and opens a channel if none is idle.
    pub(super) async fn acquire(&self) -> Result<PooledChannel<'_>, lapin::Error> {
        // The semaphore is never closed.
        let permit = self.permits.acquire().await.map_err(std::io::Error::other)?;
        let channel = match self.take_idle() {
            Some(channel) => channel,
            None => self.open().await?,
        };
        Ok(PooledChannel { channel, pool: self, _permit: permit })
    }

    fn take_idle(&self) -> Option<Channel> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The broker may have closed some of them meanwhile.
        while let Some(channel) = idle.pop() {
            if channel.status().connected() {
                return Some(channel);
            }
        }
        None
    }

    async fn open(&self) -> Result<Channel, lapin::Error> {
        let channel = self.connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }
}

impl PooledChannel<'_> {
    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Returns the channel to the pool. Only for a channel on which no answer is missing.
    pub(super) fn release(self) {
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(self.channel);
    }
}
