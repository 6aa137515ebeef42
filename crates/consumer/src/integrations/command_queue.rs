//! The queues at each IQ and each lock: in this worker, no more requests reach a claim than may be in
//! flight. The ledger counts commands over all workers; here the other requests wait without asking it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rules::{CommandQueueLoad, CommandQueueWait};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    broker::session_handle::{Abandoned, SessionHandle},
    jitter::jitter,
};

/// The integration, and its IQ or lock.
type QueueKey = (String, String);

/// The queues at all IQs, or at all locks.
#[derive(Debug)]
pub(crate) struct CommandQueues {
    limit: u32,
    /// How long a request waits for a permit in its place.
    wait_limit: Duration,
    queues: Mutex<HashMap<QueueKey, Arc<CommandQueue>>>,
}

/// The queue at one IQ or lock.
#[derive(Debug)]
struct CommandQueue {
    limit: u32,
    permits: Arc<Semaphore>,
    usage: Mutex<Usage>,
}

/// Who waits for a permit, and since when the permits are taken.
#[derive(Debug, Default)]
struct Usage {
    waiting: u32,
    taken: BTreeMap<u64, Instant>,
    next: u64,
    /// How long a permit is typically kept: each new duration counts an eighth.
    typical: Duration,
}

/// A request's permit to send a command; returned when it is dropped.
#[derive(Debug)]
pub(crate) struct CommandPermit {
    queue: Arc<CommandQueue>,
    number: u64,
    _permit: OwnedSemaphorePermit,
}

/// Why a request got no permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPermit {
    /// All permits are taken, and none is expected soon.
    Full,
    /// See [`Abandoned`].
    Abandoned,
}

impl CommandQueues {
    /// `limit`: permits of each IQ or lock.
    pub(crate) fn new(limit: u32, wait_limit: Duration) -> Self {
        Self { limit, wait_limit, queues: Mutex::default() }
    }

    /// Takes a permit: at once, or after a short wait in place.
    pub(crate) async fn acquire(
        &self,
        session: &SessionHandle,
        integration_id: &str,
        target: &str,
    ) -> Result<CommandPermit, NoPermit> {
        let queue = self.queue(integration_id, target);
        let began = Instant::now();
        loop {
            if let Ok(permit) = Arc::clone(&queue.permits).try_acquire_owned() {
                return Ok(CommandPermit::new(queue, permit));
            }
            let left = self.wait_limit.saturating_sub(began.elapsed());
            let limit = match queue.load().wait(Duration::ZERO, 1.0) {
                CommandQueueWait::InPlace(limit) if !left.is_zero() => limit.min(left),
                CommandQueueWait::InPlace(_) | CommandQueueWait::Park(_) => {
                    return Err(NoPermit::Full);
                }
            };
            let waiting = Waiting::new(&queue);
            tokio::select! {
                biased;
                permit = Arc::clone(&queue.permits).acquire_owned() => {
                    drop(waiting);
                    if let Ok(permit) = permit {
                        return Ok(CommandPermit::new(queue, permit));
                    }
                }
                over = session.wait(limit) => match over {
                    Ok(()) => {}
                    Err(Abandoned) => return Err(NoPermit::Abandoned),
                },
            }
        }
    }

    /// How long a request that was first taken `waited` ago waits until it asks for a permit again.
    pub(crate) fn retry_delay(
        &self,
        integration_id: &str,
        target: &str,
        waited: Duration,
    ) -> Duration {
        match self.queue(integration_id, target).load().wait(waited, jitter()) {
            CommandQueueWait::InPlace(limit) => limit.mul_f64(jitter()),
            CommandQueueWait::Park(wait) => wait,
        }
    }

    fn queue(&self, integration_id: &str, target: &str) -> Arc<CommandQueue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (integration_id.to_owned(), target.to_owned());
        Arc::clone(queues.entry(key).or_insert_with(|| Arc::new(CommandQueue::new(self.limit))))
    }
}

impl CommandQueue {
    fn new(limit: u32) -> Self {
        let permits = usize::try_from(limit).unwrap_or(1).clamp(1, Semaphore::MAX_PERMITS);
        Self { limit, permits: Arc::new(Semaphore::new(permits)), usage: Mutex::default() }
    }

    fn load(&self) -> CommandQueueLoad {
        let usage = self.usage();
        CommandQueueLoad {
            limit: self.limit,
            waiting: usage.waiting,
            typical: usage.typical,
            oldest: usage.taken.values().map(Instant::elapsed).max().unwrap_or_default(),
        }
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CommandPermit {
    fn new(queue: Arc<CommandQueue>, permit: OwnedSemaphorePermit) -> Self {
        let number = {
            let mut usage = queue.usage();
            let number = usage.next;
            usage.next += 1;
            usage.taken.insert(number, Instant::now());
            number
        };
        Self { queue, number, _permit: permit }
    }
}

impl Drop for CommandPermit {
    fn drop(&mut self) {
        let mut usage = self.queue.usage();
        if let Some(since) = usage.taken.remove(&self.number) {
            usage.typical = (usage.typical * 7 + since.elapsed()) / 8;
        }
    }
}

/// Counts a request as waiting in place until it is dropped.
struct Waiting<'a>(&'a CommandQueue);

impl<'a> Waiting<'a> {
    fn new(queue: &'a CommandQueue) -> Self {
        queue.usage().waiting += 1;
        Self(queue)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.usage().waiting -= 1;
    }
}
