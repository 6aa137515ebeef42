//! The list of a site's locks, as this process read it last: the site's id, and each lock's IQ.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

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
    /// Lock to IQ; `None` for a lock without one.
    locks: HashMap<Uuid, Option<String>>,
    read_at: Option<Instant>,
    /// When the list was first read without any lock, where locks are known.
    first_empty_at: Option<Instant>,
    attempted_at: Option<Instant>,
    /// Whether Salto did not find a lock of the list, which may be old.
    is_invalid: bool,
    site_missing_at: Option<Instant>,
}

/// The site and the IQ of a lock, which commands to it need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LockAddress {
    pub(super) site_id: Uuid,
    /// `None`: the lock has no IQ.
    pub(super) iq_id: Option<String>,
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
        let iq_id = state.locks.get(&lock)?.clone();
        Some(LockAddress { site_id: state.site_id?, iq_id })
    }

    /// The first of these locks that is in the list and has an IQ, where all others in the list have
    /// the same IQ.
    pub(super) fn behind_one_iq(
        &self,
        locks: impl Iterator<Item = Uuid>,
    ) -> Option<(Uuid, LockAddress)> {
        let state = self.state();
        let mut with_iq = locks.filter_map(|lock| Some((lock, state.locks.get(&lock)?.as_ref()?)));
        let (lock, iq_id) = with_iq.next()?;
        let address = LockAddress { site_id: state.site_id?, iq_id: Some(iq_id.clone()) };
        with_iq.all(|(_, other)| other == iq_id).then_some((lock, address))
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
        state.locks =
            locks.iter().map(|lock| (lock.id, lock.iq.as_ref().map(|iq| iq.id.clone()))).collect();
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

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn may_read(&self, now: Instant) -> bool {
        self.attempted_at.is_none_or(|attempted| now >= attempted + MIN_READ_INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::site::info::LockIq;

    fn lock(id: u128, iq: Option<&str>) -> LockInfo {
        let iq = iq.map(|iq| LockIq {
            id: iq.into(),
            customer_reference: None,
            is_online: None,
            otp_enabled: None,
        });
        LockInfo {
            id: Uuid::from_u128(id),
            customer_reference: None,
            online: None,
            locked_state: None,
            battery_level: None,
            lock_type: None,
            iq,
        }
    }

    #[test]
    fn locks_are_found_once_site_and_locks_are_read() {
        let (list, now) = (LockList::default(), Instant::now());
        list.replace(&[lock(1, Some("q")), lock(2, None)], now);
        assert_eq!(list.find(Uuid::from_u128(1)), None);
        let site_id = Uuid::from_u128(9);
        list.set_site_id(site_id);
        let address =
            |iq: Option<&str>| Some(LockAddress { site_id, iq_id: iq.map(str::to_owned) });
        assert_eq!(list.find(Uuid::from_u128(1)), address(Some("q")));
        assert_eq!(list.find(Uuid::from_u128(2)), address(None));
        assert_eq!(list.find(Uuid::from_u128(3)), None);
        list.invalidate(Uuid::from_u128(1));
        assert_eq!(list.find(Uuid::from_u128(1)), None);
    }

    #[test]
    fn locks_behind_one_iq_are_distinguished_from_others() {
        let list = LockList::default();
        list.set_site_id(Uuid::from_u128(9));
        list.replace(
            &[lock(1, Some("q")), lock(2, None), lock(3, Some("q")), lock(4, Some("r"))],
            Instant::now(),
        );
        let found = |locks: &[u128]| {
            let found = list.behind_one_iq(locks.iter().map(|id| Uuid::from_u128(*id)));
            found.map(|(lock, address)| (lock.as_u128(), address.iq_id))
        };
        let q = Some("q".to_owned());
        assert_eq!(found(&[3, 1]), Some((3, q.clone())));
        assert_eq!(found(&[5, 2, 1]), Some((1, q)), "the site lacks one, another has no IQ");
        assert_eq!(found(&[1, 4]), None);
        assert_eq!(found(&[2, 5]), None);
    }

    #[test]
    fn a_list_without_locks_is_believed_the_second_time_and_until_then_read_again() {
        let (list, start) = (LockList::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        list.set_site_id(Uuid::from_u128(9));
        let known = || list.find(Uuid::from_u128(1)).is_some();
        assert!(list.replace(&[], at(0)), "no locks are known");
        assert!(list.replace(&[lock(1, Some("q"))], at(1)));
        list.set_attempted(at(20));
        assert!(!list.replace(&[], at(21)));
        assert!(known() && list.recently_read(at(29)));
        assert!(!list.begin_refresh_if_due(at(29)));
        assert!(list.begin_refresh_if_due(at(30)), "the list is in question");
        assert!(!list.replace(&[], at(30)), "too soon after the first one");
        assert!(known());
        assert!(list.replace(&[lock(1, Some("q"))], at(40)), "the doubt ends");
        assert!(!list.replace(&[], at(60)), "it is the first one again");
        assert!(known());
        assert!(list.replace(&[], at(70)));
        assert!(!known());
    }

    #[test]
    fn a_lock_that_salto_does_not_find_makes_the_list_due_for_reading() {
        let (list, start) = (LockList::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        list.set_site_id(Uuid::from_u128(9));
        list.set_attempted(at(0));
        list.replace(&[lock(1, Some("q")), lock(2, Some("q"))], at(0));
        list.invalidate(Uuid::from_u128(1));
        assert!(!list.begin_refresh_if_due(at(9)), "the pace of reading holds");
        assert!(list.find(Uuid::from_u128(2)).is_some(), "the other locks stay in use");
        assert!(list.begin_refresh_if_due(at(10)));
        list.replace(&[lock(1, Some("r")), lock(2, Some("q"))], at(10));
        assert!(!list.begin_refresh_if_due(at(30)), "the list is new");
    }

    #[test]
    fn an_old_list_is_due_once_per_interval_and_a_missing_lock_does_not_read_again() {
        let (list, start) = (LockList::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        list.set_attempted(at(0));
        assert!(!list.recently_read(at(0)));
        list.replace(&[], at(0));
        assert!(list.recently_read(at(9)));
        assert!(!list.recently_read(at(10)));
        assert!(!list.begin_refresh_if_due(at(599)));
        assert!(list.begin_refresh_if_due(at(600)));
        assert!(!list.begin_refresh_if_due(at(609)));
        assert!(list.begin_refresh_if_due(at(610)));
        list.set_attempted(at(700));
        assert!(!list.recently_read(at(701)), "a failed attempt does not count");
    }
}
