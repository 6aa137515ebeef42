//! The open times of locks, as this process read them last.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

/// The settings of a lock are read again after this time, where commands are sent to it; a failed reading counts.
const READ_AFTER: Duration = Duration::from_secs(3600);

/// The open times by lock. The caller passes the time.
#[derive(Debug, Default)]
pub(super) struct OpenTimes(Mutex<HashMap<Uuid, Known>>);

#[derive(Debug)]
struct Known {
    open_time: Option<Duration>,
    attempted_at: Instant,
}

impl OpenTimes {
    pub(super) fn get(&self, lock: Uuid) -> Option<Duration> {
        self.known().get(&lock)?.open_time
    }

    pub(super) fn set(&self, lock: Uuid, open_time: Option<Duration>, now: Instant) {
        self.known().insert(lock, Known { open_time, attempted_at: now });
    }

    /// Whether the settings of the lock should be read; the next `true` comes [`READ_AFTER`] later.
    pub(super) fn begin_if_due(&self, lock: Uuid, now: Instant) -> bool {
        let mut known = self.known();
        match known.get_mut(&lock) {
            Some(known) if now < known.attempted_at + READ_AFTER => return false,
            Some(known) => known.attempted_at = now,
            None => drop(known.insert(lock, Known { open_time: None, attempted_at: now })),
        }
        true
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Uuid, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_again_after_an_hour_and_known_meanwhile() {
        let (times, now) = (OpenTimes::default(), Instant::now());
        let (lock, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(times.begin_if_due(lock, now) && times.begin_if_due(other, now));
        assert!(!times.begin_if_due(lock, now));
        times.set(lock, Some(Duration::from_secs(2)), now);
        let later = now + READ_AFTER;
        assert!(!times.begin_if_due(lock, later - Duration::from_secs(1)));
        assert!(times.begin_if_due(lock, later) && times.begin_if_due(other, later));
        assert_eq!(times.get(lock), Some(Duration::from_secs(2)), "until it is read");
        assert_eq!(times.get(other), None);
    }
}
