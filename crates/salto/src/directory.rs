//! What a process knows of a site: its id, and each lock's IQ.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::wire::LockInfo;

/// Older knowledge still serves, and is read anew meanwhile.
const FRESH_FOR: Duration = Duration::from_secs(600);
/// A lock that is missing, or a failed renewal, makes us read again no sooner than this.
const READ_REST: Duration = Duration::from_secs(10);

/// The cached site. Times come from outside.
#[derive(Debug, Default)]
pub(crate) struct Directory(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    site_id: Option<Uuid>,
    /// Lock to IQ; `None` for a lock without one.
    locks: HashMap<Uuid, Option<String>>,
    read_at: Option<Instant>,
    tried_at: Option<Instant>,
    missing_at: Option<Instant>,
}

/// A lock and what commands to it need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) site_id: Uuid,
    /// `None`: the lock has no IQ.
    pub(crate) iq_id: Option<String>,
}

impl Directory {
    pub(crate) fn site_id(&self) -> Option<Uuid> {
        self.known().site_id
    }

    pub(crate) fn set_site_id(&self, id: Uuid) {
        self.known().site_id = Some(id);
    }

    pub(crate) fn find(&self, lock: Uuid) -> Option<Place> {
        let known = self.known();
        let iq_id = known.locks.get(&lock)?.clone();
        Some(Place { site_id: known.site_id?, iq_id })
    }

    /// The first of these locks that is known and has an IQ, where all others that are known share
    /// that IQ.
    pub(crate) fn behind_one_iq(&self, locks: impl Iterator<Item = Uuid>) -> Option<(Uuid, Place)> {
        let known = self.known();
        let mut placed = locks.filter_map(|lock| Some((lock, known.locks.get(&lock)?.as_ref()?)));
        let (lock, iq_id) = placed.next()?;
        let place = Place { site_id: known.site_id?, iq_id: Some(iq_id.clone()) };
        placed.all(|(_, other)| other == iq_id).then_some((lock, place))
    }

    /// Whether the locks should be read anew although the one looked for is known; `true` once per
    /// rest.
    pub(crate) fn due(&self, now: Instant) -> bool {
        let mut known = self.known();
        let old = known.read_at.is_none_or(|read| now >= read + FRESH_FOR);
        let due = old && known.rested(now);
        if due {
            known.tried_at = Some(now);
        }
        due
    }

    /// Whether the locks were read just now: one that is missing is missing. A reading that failed
    /// is not a reading: whoever retries it has its own pace.
    pub(crate) fn just_read(&self, now: Instant) -> bool {
        self.known().read_at.is_some_and(|read| now < read + READ_REST)
    }

    pub(crate) fn forget_site(&self) {
        self.known().site_id = None;
    }

    /// The account has no site of our UID.
    pub(crate) fn set_site_missing(&self, now: Instant) {
        self.known().missing_at = Some(now);
    }

    /// Whether the site was found missing just now.
    pub(crate) fn site_missing(&self, now: Instant) -> bool {
        self.known().missing_at.is_some_and(|missing| now < missing + READ_REST)
    }

    pub(crate) fn tried(&self, now: Instant) {
        self.known().tried_at = Some(now);
    }

    pub(crate) fn replace(&self, locks: &[LockInfo], now: Instant) {
        let mut known = self.known();
        known.locks =
            locks.iter().map(|lock| (lock.id, lock.iq.as_ref().map(|iq| iq.id.clone()))).collect();
        known.read_at = Some(now);
    }

    /// Salto says that the lock is not there: what is known of the site may be old.
    pub(crate) fn doubt(&self, lock: Uuid) {
        self.known().locks.remove(&lock);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn rested(&self, now: Instant) -> bool {
        self.tried_at.is_none_or(|tried| now >= tried + READ_REST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::wire::LockIq;

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
    fn locks_are_found_once_site_and_locks_are_known() {
        let (directory, now) = (Directory::default(), Instant::now());
        directory.replace(&[lock(1, Some("q")), lock(2, None)], now);
        assert_eq!(directory.find(Uuid::from_u128(1)), None);
        let site_id = Uuid::from_u128(9);
        directory.set_site_id(site_id);
        let place = |iq: Option<&str>| Some(Place { site_id, iq_id: iq.map(str::to_owned) });
        assert_eq!(directory.find(Uuid::from_u128(1)), place(Some("q")));
        assert_eq!(directory.find(Uuid::from_u128(2)), place(None));
        assert_eq!(directory.find(Uuid::from_u128(3)), None);
        directory.doubt(Uuid::from_u128(1));
        assert_eq!(directory.find(Uuid::from_u128(1)), None);
    }

    #[test]
    fn locks_behind_one_iq_are_told_from_others() {
        let directory = Directory::default();
        directory.set_site_id(Uuid::from_u128(9));
        directory.replace(
            &[lock(1, Some("q")), lock(2, None), lock(3, Some("q")), lock(4, Some("r"))],
            Instant::now(),
        );
        let found = |locks: &[u128]| {
            let found = directory.behind_one_iq(locks.iter().map(|id| Uuid::from_u128(*id)));
            found.map(|(lock, place)| (lock.as_u128(), place.iq_id))
        };
        let q = Some("q".to_owned());
        assert_eq!(found(&[3, 1]), Some((3, q.clone())));
        assert_eq!(found(&[5, 2, 1]), Some((1, q)), "the site lacks one, another has no IQ");
        assert_eq!(found(&[1, 4]), None);
        assert_eq!(found(&[2, 5]), None);
    }

    #[test]
    fn old_knowledge_is_due_once_per_rest_and_unknown_locks_cannot_hammer() {
        let (directory, start) = (Directory::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        directory.tried(at(0));
        assert!(!directory.just_read(at(0)));
        directory.replace(&[], at(0));
        assert!(directory.just_read(at(9)));
        assert!(!directory.just_read(at(10)));
        assert!(!directory.due(at(599)));
        assert!(directory.due(at(600)));
        assert!(!directory.due(at(609)));
        assert!(directory.due(at(610)));
        directory.tried(at(700));
        assert!(!directory.just_read(at(701)), "a reading that failed is none");
    }
}
