//! The cloud's state: one world, one clock, one lock around what changes.
//!
//! Every critical section is short and never awaits; thousands of commands a second go through it.

mod codes;
mod live;
mod log;
mod records;
mod standing;
mod tokens;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;

pub(crate) use self::codes::{CODE_LIFETIME, Invitation, Presented, SignIn};
pub(crate) use self::live::{Live, LockPlace};
pub(crate) use self::log::Log;
pub(crate) use self::records::{Command, DigitalKey, Entry, EntryCategory, Mail, Opening};
pub(crate) use self::tokens::{Grant, Holder, Redeemed};
use crate::announce::Announcer;
use crate::clock::Clock;
use crate::world::World;

/// A listener this far behind is told that it missed something.
const HAPPENINGS_KEPT: usize = 1024;

/// Something to tell those who watch, as it happens.
#[derive(Clone)]
pub(crate) enum Happening {
    Command(Command),
    Opening(Opening),
    Mail(Mail),
}

pub(crate) struct Cloud {
    pub(crate) clock: Clock,
    original: World,
    live: Mutex<Live>,
    watchers: broadcast::Sender<Happening>,
    announcer: Announcer,
}

impl Cloud {
    /// `world` must have been checked.
    pub(crate) fn new(world: World, announcer: Announcer) -> Self {
        Self {
            clock: Clock::default(),
            live: Mutex::new(Live::new(world.clone())),
            original: world,
            watchers: broadcast::Sender::new(HAPPENINGS_KEPT),
            announcer,
        }
    }

    pub(crate) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything as it was at the start; the records' numbers go on.
    pub(crate) fn start_anew(&self) {
        let mut live = self.live();
        let mut records = std::mem::take(&mut live.records);
        records.clear();
        *live = Live::new(self.original.clone());
        live.records = records;
    }

    pub(crate) fn watch(&self) -> broadcast::Receiver<Happening> {
        self.watchers.subscribe()
    }

    pub(crate) fn tell(&self, happening: Happening) {
        self.announcer.announce(&happening);
        // Costs nothing while nobody watches.
        let _ = self.watchers.send(happening);
    }
}
