//! The cloud: a world, a clock, and a mutex around everything that changes.
//!
//! The mutex is locked for a short time and never across an await, because thousands of commands a
//! second need it.

mod codes;
mod grant;
mod otp_failures;
mod state;
mod tokens;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;

pub(crate) use self::codes::{BrowserSignIn, CODE_LIFETIME, GuestInvitation};
pub(crate) use self::grant::{Grant, Holder, Redeemed};
pub(crate) use self::state::{CloudState, LockState, OtpCommand};
use crate::clock::Clock;
use crate::output::Printer;
use crate::records::NewRecord;
use crate::world::World;

/// A subscriber that is further behind than this misses records and is informed about it.
const SUBSCRIBER_BACKLOG: usize = 1024;

pub(crate) struct Cloud {
    pub(crate) clock: Clock,
    initial_world: World,
    state: Mutex<CloudState>,
    subscribers: broadcast::Sender<NewRecord>,
    printer: Printer,
}

impl Cloud {
    /// `world` must have been checked.
    pub(crate) fn new(world: World, printer: Printer) -> Self {
        Self {
            clock: Clock::default(),
            state: Mutex::new(CloudState::new(world.clone())),
            initial_world: world,
            subscribers: broadcast::Sender::new(SUBSCRIBER_BACKLOG),
            printer,
        }
    }

    /// Locks the mutex.
    pub(crate) fn state(&self) -> MutexGuard<'_, CloudState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Restores the state at the start. The numbers of the records continue.
    pub(crate) fn reset(&self) {
        let mut state = self.state();
        let mut records = std::mem::take(&mut state.records);
        records.clear();
        *state = CloudState::new(self.initial_world.clone());
        state.records = records;
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<NewRecord> {
        self.subscribers.subscribe()
    }

    /// Prints a record and sends it to the subscribers.
    pub(crate) fn publish(&self, record: NewRecord) {
        self.printer.print(&record);
        // An error only means that there is no subscriber.
        let _ = self.subscribers.send(record);
    }
}
