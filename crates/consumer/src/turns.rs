//! Whose turn it is at an IQ: in this worker, no more requests than may be in flight come as far
//! as a claim. Over all workers the ledger counts; here the others wait without asking it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rules::{IqQueueLoad, IqQueueWait};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    line::{LetGo, Line, dice},
    pursuit::IN_PLACE,
};

/// The queues at all IQs.
#[derive(Debug)]
pub(crate) struct Turns {
    limit: u32,
    queues: Mutex<HashMap<(String, String), Arc<Queue>>>,
}

/// The queue at one IQ.
#[derive(Debug)]
struct Queue {
    limit: u32,
    seats: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: u32,
    seated: BTreeMap<u64, Instant>,
    next: u64,
    /// How long a seat is typically kept: each new one counts an eighth.
    typical: Duration,
}

/// A request's turn; over when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    queue: Arc<Queue>,
    number: u64,
    _permit: OwnedSemaphorePermit,
}

/// No turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoSeat {
    /// Nor soon.
    Crowded,
    /// The message must be let go.
    LetGo,
}

impl Turns {
    /// `limit`: requests that have their turn at one IQ at once.
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, queues: Mutex::default() }
    }

    /// The turn of a request: at once, or after a short wait in place.
    pub(crate) async fn take(
        &self,
        line: &Line,
        (integration_id, iq_id): (&str, &str),
    ) -> Result<Seat, NoSeat> {
        let queue = self.queue(integration_id, iq_id);
        let began = Instant::now();
        loop {
            if let Ok(permit) = Arc::clone(&queue.seats).try_acquire_owned() {
                return Ok(Seat::new(queue, permit));
            }
            let left = IN_PLACE.saturating_sub(began.elapsed());
            let limit = match queue.crowd().wait(Duration::ZERO, 1.0) {
                IqQueueWait::InPlace(limit) if !left.is_zero() => limit.min(left),
                IqQueueWait::InPlace(_) | IqQueueWait::Park(_) => return Err(NoSeat::Crowded),
            };
            let waiting = Waiting::new(&queue);
            tokio::select! {
                biased;
                permit = Arc::clone(&queue.seats).acquire_owned() => {
                    drop(waiting);
                    if let Ok(permit) = permit {
                        return Ok(Seat::new(queue, permit));
                    }
                }
                over = line.wait(limit) => match over {
                    Ok(()) => {}
                    Err(LetGo) => return Err(NoSeat::LetGo),
                },
            }
        }
    }

    /// How long a request that was first taken `waited` ago keeps away from an IQ that is crowded.
    pub(crate) fn away(&self, place: (&str, &str), waited: Duration) -> Duration {
        match self.queue(place.0, place.1).crowd().wait(waited, dice()) {
            IqQueueWait::InPlace(limit) => limit.mul_f64(dice()),
            IqQueueWait::Park(wait) => wait,
        }
    }

    fn queue(&self, integration_id: &str, iq_id: &str) -> Arc<Queue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (integration_id.to_owned(), iq_id.to_owned());
        Arc::clone(queues.entry(place).or_insert_with(|| Arc::new(Queue::new(self.limit))))
    }
}

impl Queue {
    fn new(limit: u32) -> Self {
        let seats = usize::try_from(limit).unwrap_or(1).clamp(1, Semaphore::MAX_PERMITS);
        Self { limit, seats: Arc::new(Semaphore::new(seats)), state: Mutex::default() }
    }

    fn crowd(&self) -> IqQueueLoad {
        let state = self.state();
        IqQueueLoad {
            limit: self.limit,
            waiting: state.waiting,
            typical: state.typical,
            oldest: state.seated.values().map(Instant::elapsed).max().unwrap_or_default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn new(queue: Arc<Queue>, permit: OwnedSemaphorePermit) -> Self {
        let number = {
            let mut state = queue.state();
            let number = state.next;
            state.next += 1;
            state.seated.insert(number, Instant::now());
            number
        };
        Self { queue, number, _permit: permit }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        if let Some(since) = state.seated.remove(&self.number) {
            state.typical = (state.typical * 7 + since.elapsed()) / 8;
        }
    }
}

/// One that waits in place.
struct Waiting<'a>(&'a Queue);

impl<'a> Waiting<'a> {
    fn new(queue: &'a Queue) -> Self {
        queue.state().waiting += 1;
        Self(queue)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}
