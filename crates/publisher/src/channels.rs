//! A pool of channels in confirm mode, each lent to one publish at a time.

use std::sync::{Mutex, PoisonError};

use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection};
use tokio::sync::{Semaphore, SemaphorePermit};

/// At most `size` channels, opened when first needed.
///
/// The client mixes up the confirms of publishes that are in flight together on one channel, so a
/// channel is lent to one publish, and comes back only once that publish has its answer. A
/// channel whose answer is still open (timeout, dropped future, error) never comes back: it is
/// closed, and its place is taken by a new one.
pub(crate) struct Channels {
    connection: Connection,
    places: Semaphore,
    idle: Mutex<Vec<Channel>>,
}

/// A channel on loan, and the place it takes. Dropping it closes the channel.
pub(crate) struct Loan<'a> {
    channel: Channel,
    pool: &'a Channels,
    _place: SemaphorePermit<'a>,
}

impl Channels {
    pub(crate) fn new(connection: Connection, size: usize) -> Self {
        let size = size.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            connection,
            places: Semaphore::new(size),
            idle: Mutex::new(Vec::with_capacity(size)),
        }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Waits for a free place, in the order of asking, and opens a channel if none is idle.
    pub(crate) async fn borrow(&self) -> Result<Loan<'_>, lapin::Error> {
        // Nobody closes the semaphore; if somebody did, publishing would be over as well.
        let place = self.places.acquire().await.map_err(std::io::Error::other)?;
        let channel = match self.take_idle() {
            Some(channel) => channel,
            None => self.open().await?,
        };
        Ok(Loan { channel, pool: self, _place: place })
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

impl Loan<'_> {
    pub(crate) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Gives the channel back. Only for a channel on which nothing is unanswered.
    pub(crate) fn give_back(self) {
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(self.channel);
    }
}
