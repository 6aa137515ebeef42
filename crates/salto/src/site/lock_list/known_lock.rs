//! A lock as the list has it, and locks by their name.

use std::collections::HashMap;

use tokio::time::Instant;
use uuid::Uuid;

use crate::site::info::LockInfo;

/// A lock and the IQ that it belongs to by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedLock {
    /// The lock.
    pub lock_id: Uuid,
    /// Its IQ. `None`: it has none, or that is not known.
    pub iq_id: Option<String>,
}

/// A lock of the list.
#[derive(Debug)]
pub(super) struct KnownLock {
    /// `None`: the lock has no IQ.
    pub(super) iq_id: Option<String>,
    pub(super) needs_otp: bool,
    pub(super) privacy_mode: bool,
    /// The IQ that another replica has found the lock at.
    pub(super) shared: Option<Option<String>>,
    /// Since when that is known, where the list was not read since.
    pub(super) outdated_since: Option<Instant>,
}

impl KnownLock {
    pub(super) fn of(lock: &LockInfo) -> Self {
        let iq = lock.iq.as_ref();
        Self {
            iq_id: iq.map(|iq| iq.id.clone()),
            needs_otp: iq.and_then(|iq| iq.otp_enabled) != Some(false),
            privacy_mode: lock.privacy_mode == Some(true),
            shared: None,
            outdated_since: None,
        }
    }
}

/// The locks of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::site) enum NamedLocks {
    One(Uuid),
    Several(usize),
}

/// The locks by name.
pub(super) fn by_name(locks: &[LockInfo]) -> HashMap<String, NamedLocks> {
    let mut names = HashMap::new();
    for lock in locks {
        let Some(name) = &lock.customer_reference else { continue };
        names
            .entry(name.clone())
            .and_modify(|known| {
                *known = match known {
                    NamedLocks::One(_) => NamedLocks::Several(2),
                    NamedLocks::Several(count) => NamedLocks::Several(*count + 1),
                }
            })
            .or_insert(NamedLocks::One(lock.id));
    }
    names
}
