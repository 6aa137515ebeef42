//! The places of a worker for open requests: how many it handles at a time, and how many of them may
//! belong to one integration, return from a retry queue, or wait.
//!
//! Each limit is a share of what is free: with one busy integration a fifth of the places stay free for the
//! others. The last eighth is for integrations that have none. Where only one integration is configured, its
//! requests may have all places.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// A wait as short as this costs no more than parking.
pub(crate) const SHORTER_THAN_PARKING: Duration = Duration::from_millis(100);

/// An integration may have as many places as this times the free ones.
const INTEGRATION_WEIGHT: usize = 4;

/// The same for those of its requests that return from a retry queue: the rest is for new ones.
const RETURNING_WEIGHT: usize = 3;

/// So many parts of the places are one part for integrations that have none.
const PARTS: usize = 8;

/// The places of a worker.
#[derive(Debug)]
pub(crate) struct Places {
    total: usize,
    usage: Mutex<Usage>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Usage {
    taken: usize,
    /// Requests that wait for a place.
    queued: usize,
    /// By integration; all unknown ones have one.
    shares: HashMap<Option<String>, Share>,
}

/// Whose requests have places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlaceOwner {
    /// None for all that are not configured, as their ids come from outside: they have one share together.
    pub(crate) integration: Option<String>,
    /// Whether it is the only one that is configured.
    pub(crate) is_only_one: bool,
}

/// The places of one owner.
#[derive(Debug, Default, Clone, Copy)]
struct Share {
    taken: usize,
    returning: usize,
    waiting: usize,
}

/// A place; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    owner: PlaceOwner,
    returning: bool,
}

/// The right to wait in a place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Waiting<'a>(&'a Place);

/// Counts a request that waits for a place, until it is dropped.
struct Queued<'a>(&'a Places);

impl Places {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, usage: Mutex::default(), freed: Notify::new() }
    }

    /// Takes a place: at once, or after a short wait. None where the owner has its share.
    pub(crate) async fn take(
        self: &Arc<Self>,
        owner: PlaceOwner,
        returning: bool,
    ) -> Option<Place> {
        if let Some(place) = self.try_take(&owner, returning) {
            return Some(place);
        }
        let _queued = self.queue()?;
        let until = Instant::now() + SHORTER_THAN_PARKING;
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.try_take(&owner, returning) {
                return Some(place);
            }
            timeout_at(until, freed).await.ok()?;
        }
    }

    fn try_take(self: &Arc<Self>, owner: &PlaceOwner, returning: bool) -> Option<Place> {
        let mut usage = self.usage();
        let share = usage.shares.get(&owner.integration).copied().unwrap_or_default();
        let may_take = if owner.is_only_one {
            let left_for_new = self.total / (RETURNING_WEIGHT + 1);
            let returning_at_most = (self.total - left_for_new).max(1);
            usage.free(self.total) > 0 && (!returning || share.returning < returning_at_most)
        } else {
            usage.allows(self.total, share.taken, INTEGRATION_WEIGHT)
                && (!returning || usage.allows(self.total, share.returning, RETURNING_WEIGHT))
        };
        if !may_take {
            return None;
        }
        usage.taken += 1;
        let share = usage.shares.entry(owner.integration.clone()).or_default();
        share.taken += 1;
        share.returning += usize::from(returning);
        Some(Place { places: Arc::clone(self), owner: owner.clone(), returning })
    }

    /// Few requests wait for a place, so that others can be parked meanwhile.
    fn queue(&self) -> Option<Queued<'_>> {
        let mut usage = self.usage();
        if !is_few(usage.queued, usage.free(self.total)) {
            return None;
        }
        usage.queued += 1;
        Some(Queued(self))
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Usage {
    fn free(&self, total: usize) -> usize {
        total.saturating_sub(self.taken)
    }

    /// Whether one that has `mine` places may take another one.
    fn allows(&self, total: usize, mine: usize, weight: usize) -> bool {
        let free = self.free(total);
        (mine == 0 && free > 0) || (free > (total / PARTS).max(1) && mine < weight * free)
    }
}

/// Whether one more may wait: not more than half as many as are free.
const fn is_few(waiting: usize, free: usize) -> bool {
    2 * (waiting + 1) <= free
}

impl Place {
    /// The right to wait in this place; none where other requests may need it: of this integration, where it
    /// has more places than are free, or of any.
    pub(crate) fn wait(&self) -> Option<Waiting<'_>> {
        let total = self.places.total;
        let mut usage = self.places.usage();
        let free = usage.free(total);
        let share = usage.shares.get_mut(&self.owner.integration)?;
        let may_wait = if self.owner.is_only_one {
            is_few(share.waiting, total)
        } else {
            share.taken <= free && is_few(share.waiting, free)
        };
        if !may_wait {
            return None;
        }
        share.waiting += 1;
        Some(Waiting(self))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut usage = self.places.usage();
        usage.taken -= 1;
        if let Some(share) = usage.shares.get_mut(&self.owner.integration) {
            share.taken -= 1;
            share.returning -= usize::from(self.returning);
            if share.taken == 0 {
                usage.shares.remove(&self.owner.integration);
            }
        }
        drop(usage);
        self.places.freed.notify_waiters();
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(share) = self.0.places.usage().shares.get_mut(&self.0.owner.integration) {
            share.waiting -= 1;
        }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.usage().queued -= 1;
    }
}

#[cfg(test)]
mod tests;
