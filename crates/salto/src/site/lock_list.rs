//! The list of a site's locks, as this process read it last: the site's id, and each lock's IQ.

mod known_lock;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

pub use self::known_lock::MovedLock;
pub(super) use self::known_lock::NamedLocks;
use self::known_lock::{KnownLock, by_name};
use super::info::LockInfo;

/// An older list stays in use while it is read again.
const REFRESH_AFTER: Duration = Duration::from_secs(600);
/// After a missing lock or a failed refresh, the list is read again after this time at the earliest.
const MIN_READ_INTERVAL: Duration = Duration::from_secs(10);

/// The cached list of locks. The caller passes the time.
#[derive(Debug, Default)]
pub(super) struct LockList(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    site_id: Option<Uuid>,
    locks: HashMap<Uuid, KnownLock>,
    names: HashMap<String, NamedLocks>,
    read_at: Option<Instant>,
    /// When the list was first read without any lock, where locks are known.
    first_empty_at: Option<Instant>,
    attempted_at: Option<Instant>,
    /// Whether Salto did not find a lock of the list, which may be old.
    is_invalid: bool,
    /// When the list was last read after a refused command.
    read_after_refusal_at: Option<Instant>,
    site_missing_at: Option<Instant>,
    /// The locks that were found at another IQ than before, until they are taken out.
    moved: Vec<MovedLock>,
}

/// The site and the IQ of a lock, which commands to it need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LockAddress {
    pub(super) site_id: Uuid,
    /// `None`: the lock has no IQ.
    pub(super) iq_id: Option<String>,
    /// Whether the IQ checks one-time passwords.
    pub(super) needs_otp: bool,
}

impl LockList {
    pub(super) fn site_id(&self) -> Option<Uuid> {
        self.state().site_id
    }

    pub(super) fn set_site_id(&self, id: Uuid) {
        self.state().site_id = Some(id);
    }

    pub(super) fn find(&self, lock: Uuid) -> Option<LockAddress> {
        let state = self.state();
        let lock = state.locks.get(&lock).filter(|lock| lock.outdated_since.is_none())?;
        let (iq_id, needs_otp) = (lock.iq_id.clone(), lock.needs_otp);
        Some(LockAddress { site_id: state.site_id?, iq_id, needs_otp })
    }

    /// Whether another replica has found the lock at another IQ, and the list was not read since.
    pub(super) fn is_outdated(&self, lock: Uuid) -> bool {
        self.state().locks.get(&lock).is_some_and(|lock| lock.outdated_since.is_some())
    }

    /// Takes note of the IQ that another replica has found a lock at. Only Salto's list decides, as that may be
    /// older than this list: where both differ, the list has to be read again, once.
    pub(super) fn heed(&self, moved: &MovedLock, now: Instant) {
        let mut state = self.state();
        let Some(lock) = state.locks.get_mut(&moved.lock_id) else { return };
        if lock.iq_id != moved.iq_id && lock.shared.as_ref() != Some(&moved.iq_id) {
            lock.shared = Some(moved.iq_id.clone());
            lock.outdated_since = Some(now);
        }
    }

    /// Notes that a lock may belong to another IQ since then: a list that was read later decides, here and in the
    /// other replicas.
    pub(super) fn doubt(&self, lock_id: Uuid, since: Instant) {
        let mut state = self.state();
        let Some(lock) = state.locks.get_mut(&lock_id) else { return };
        (lock.shared, lock.outdated_since) = (Some(None), Some(since));
        state.moved.push(MovedLock { lock_id, iq_id: None });
    }

    /// Takes out the locks that were found at another IQ than the other replicas know.
    pub(super) fn take_moved(&self) -> Vec<MovedLock> {
        std::mem::take(&mut self.state().moved)
    }

    /// Puts back what could not be shared with the other replicas.
    pub(super) fn put_back_moved(&self, moved: Vec<MovedLock>) {
        self.state().moved.extend(moved);
    }

    /// The locks of that name; none where the list has no such lock.
    pub(super) fn named(&self, name: &str) -> Option<NamedLocks> {
        self.state().names.get(name).copied()
    }

    /// The first of these locks that is in the list and has an IQ, where all others in the list have
    /// the same IQ.
    pub(super) fn behind_one_iq(
        &self,
        locks: impl Iterator<Item = Uuid>,
    ) -> Option<(Uuid, LockAddress)> {
        // Before the list is locked: a lock may be looked up by its name on the way.
        let locks: Vec<Uuid> = locks.collect();
        let state = self.state();
        let with_iq =
            locks.into_iter().filter_map(|lock| state.locks.get(&lock).map(|known| (lock, known)));
        let mut with_iq = with_iq.filter(|(_, known)| known.iq_id.is_some());
        let (lock, KnownLock { iq_id, needs_otp, .. }) = with_iq.next()?;
        let (site_id, needs_otp) = (state.site_id?, *needs_otp);
        let address = LockAddress { site_id, iq_id: iq_id.clone(), needs_otp };
        with_iq.all(|(_, other)| other.iq_id == *iq_id).then_some((lock, address))
    }

    /// Whether privacy mode was on at a lock when the list was read.
    pub(super) fn privacy_mode(&self, lock: Uuid) -> bool {
        self.state().locks.get(&lock).is_some_and(|lock| lock.privacy_mode)
    }

    /// Whether the list was read a moment ago after a refused command: it says whether privacy mode is on.
    pub(super) fn recently_read_after_refusal(&self, now: Instant) -> bool {
        self.state().read_after_refusal_at.is_some_and(|read| now < read + MIN_READ_INTERVAL)
    }

    pub(super) fn set_read_after_refusal(&self, now: Instant) {
        self.state().read_after_refusal_at = Some(now);
    }

    /// Whether the list is old, or in question, and should be read again; the next `true` comes no earlier than
    /// [`MIN_READ_INTERVAL`] later.
    pub(super) fn begin_refresh_if_due(&self, now: Instant) -> bool {
        let mut state = self.state();
        let old = state.read_at.is_none_or(|read| now >= read + REFRESH_AFTER);
        let in_question = state.is_invalid || state.first_empty_at.is_some();
        let due = (old || in_question) && state.may_read(now);
        if due {
            state.attempted_at = Some(now);
        }
        due
    }

    /// Whether the list was read a moment ago, so that a lock that is missing does not exist. A failed
    /// attempt does not count: its caller retries at a pace of its own.
    pub(super) fn recently_read(&self, now: Instant) -> bool {
        let state = self.state();
        let reads = [state.read_at, state.first_empty_at];
        reads.into_iter().flatten().any(|read| now < read + MIN_READ_INTERVAL)
    }

    pub(super) fn clear_site_id(&self) {
        self.state().site_id = None;
    }

    /// Remembers that the account has no site of its UID.
    pub(super) fn set_site_missing(&self, now: Instant) {
        self.state().site_missing_at = Some(now);
    }

    /// Whether the site was found missing a moment ago.
    pub(super) fn site_recently_missing(&self, now: Instant) -> bool {
        self.state().site_missing_at.is_some_and(|missing| now < missing + MIN_READ_INTERVAL)
    }

    /// Remembers that reading the list begins.
    pub(super) fn set_attempted(&self, now: Instant) {
        self.state().attempted_at = Some(now);
    }

    /// Replaces the list, and returns whether it did. A list without any lock is believed where none are
    /// known, or where it is read a second time, [`MIN_READ_INTERVAL`] later or more: until then the
    /// known locks stay in use, because one wrong answer must not close all doors of a site (decision).
    /// `now`: when reading it began.
    pub(super) fn replace(&self, locks: &[LockInfo], now: Instant) -> bool {
        let mut state = self.state();
        if locks.is_empty() && !state.locks.is_empty() {
            let first = *state.first_empty_at.get_or_insert(now);
            if now < first + MIN_READ_INTERVAL {
                return false;
            }
        }
        state.first_empty_at = None;
        state.is_invalid = false;
        state.replace_locks(locks, now);
        state.names = by_name(locks);
        state.read_at = Some(now);
        true
    }

    /// Removes a lock that Salto did not find. The list may be old, and is read again as soon as its pace
    /// allows; its other locks stay in use until then.
    pub(super) fn invalidate(&self, lock: Uuid) {
        let mut state = self.state();
        state.locks.remove(&lock);
        state.is_invalid = true;
    }

    /// Remembers that the IQ of a lock checks one-time passwords, though the list says that it does not.
    pub(super) fn require_otp(&self, lock: Uuid) {
        let mut state = self.state();
        let iq_id = state.locks.get(&lock).and_then(|known| known.iq_id.clone());
        for known in state.locks.values_mut().filter(|known| known.iq_id == iq_id) {
            known.needs_otp = true;
        }
        state.is_invalid = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn replace_locks(&mut self, locks: &[LockInfo], began: Instant) {
        let mut before = std::mem::take(&mut self.locks);
        for info in locks {
            let mut lock = KnownLock::of(info);
            if let Some(before) = before.remove(&info.id) {
                lock.shared = before.shared;
                if lock.shared.as_ref().unwrap_or(&before.iq_id) != &lock.iq_id {
                    lock.shared = Some(lock.iq_id.clone());
                    let iq_id = lock.iq_id.clone();
                    self.moved.push(MovedLock { lock_id: info.id, iq_id });
                }
                lock.outdated_since = before.outdated_since.filter(|since| began < *since);
            }
            self.locks.insert(info.id, lock);
        }
    }

    fn may_read(&self, now: Instant) -> bool {
        self.attempted_at.is_none_or(|attempted| now >= attempted + MIN_READ_INTERVAL)
    }
}

#[cfg(test)]
mod tests;
