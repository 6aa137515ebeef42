//! The routing keys of events that no queue takes, as this worker knows them: since when, and what is not
//! in Redis yet (`background/unrouted_keys.rs` writes it). Publishing reads and writes only this memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};

/// Routing keys that are remembered at most. The ids of integrations in requests are part of them, and those come
/// from outside.
const MOST: usize = 1_000;

/// The routing keys that no queue takes.
#[derive(Debug, Default)]
pub(crate) struct UnroutedKeys(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    unrouted: BTreeMap<String, Unrouted>,
    /// Those that a queue has taken since the last [`UnroutedKeys::changes`].
    routed: BTreeSet<String>,
}

#[derive(Debug)]
struct Unrouted {
    since: DateTime<Utc>,
    /// Whether an event was not taken since the last [`UnroutedKeys::changes`].
    seen: bool,
}

/// What is not in Redis yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Routing keys with which an event was not taken.
    pub(crate) unrouted: Vec<String>,
    /// Routing keys with which an event was taken after that.
    pub(crate) routed: Vec<String>,
}

impl UnroutedKeys {
    /// Records that no queue took an event.
    pub(crate) fn not_taken(&self, routing_key: &str, now: DateTime<Utc>) {
        let mut state = self.state();
        state.routed.remove(routing_key);
        if let Some(known) = state.unrouted.get_mut(routing_key) {
            known.seen = true;
        } else if state.unrouted.len() < MOST {
            state.unrouted.insert(routing_key.to_owned(), Unrouted { since: now, seen: true });
        }
    }

    /// Records that a queue took an event.
    pub(crate) fn taken(&self, routing_key: &str) {
        let mut state = self.state();
        if state.unrouted.remove(routing_key).is_some() {
            state.routed.insert(routing_key.to_owned());
        }
    }

    /// Whether no queue takes events with this routing key, as far as is known.
    pub(crate) fn is_known(&self, routing_key: &str) -> bool {
        self.state().unrouted.contains_key(routing_key)
    }

    /// The number of routing keys that no queue takes.
    pub(crate) fn count(&self) -> usize {
        self.state().unrouted.len()
    }

    /// What is not in Redis yet; it counts as written then.
    pub(crate) fn changes(&self) -> Changes {
        let mut state = self.state();
        let seen = state.unrouted.iter_mut().filter_map(|(routing_key, known)| {
            std::mem::take(&mut known.seen).then(|| routing_key.clone())
        });
        let unrouted = seen.collect();
        Changes { unrouted, routed: std::mem::take(&mut state.routed).into_iter().collect() }
    }

    /// Takes changes back that could not be written.
    pub(crate) fn restore(&self, changes: Changes) {
        let mut state = self.state();
        for routing_key in changes.unrouted {
            if let Some(known) = state.unrouted.get_mut(&routing_key) {
                known.seen = true;
            }
        }
        let routed = changes.routed.into_iter();
        let routed: Vec<String> = routed.filter(|key| !state.unrouted.contains_key(key)).collect();
        state.routed.extend(routed);
    }

    /// Takes over what all workers know: since when no queue takes these routing keys. Others are forgotten,
    /// unless this worker has seen them, or they were taken, meanwhile.
    pub(crate) fn adopt(&self, known: &[(String, DateTime<Utc>)]) {
        let mut state = self.state();
        let State { unrouted, routed } = &mut *state;
        unrouted.retain(|key, it| it.seen || known.iter().any(|(other, _)| other == key));
        for (routing_key, since) in known {
            if let Some(mine) = unrouted.get_mut(routing_key) {
                mine.since = mine.since.min(*since);
            } else if unrouted.len() < MOST && !routed.contains(routing_key) {
                unrouted.insert(routing_key.clone(), Unrouted { since: *since, seen: false });
            }
        }
    }

    /// Since when no queue takes events with this routing key; none where one does, or it is not known.
    #[cfg(test)]
    fn since(&self, routing_key: &str) -> Option<DateTime<Utc>> {
        self.state().unrouted.get(routing_key).map(|it| it.since)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn changes(unrouted: &[&str], routed: &[&str]) -> Changes {
        let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        Changes { unrouted: owned(unrouted), routed: owned(routed) }
    }

    #[test]
    fn a_key_is_unrouted_since_its_first_event_until_one_is_taken() {
        let keys = UnroutedKeys::default();
        keys.not_taken("lock.opened.a", at(1));
        keys.not_taken("lock.opened.a", at(2));
        keys.taken("lock.opened.b");
        assert_eq!(keys.since("lock.opened.a"), Some(at(1)));
        assert_eq!(keys.changes(), changes(&["lock.opened.a"], &[]));
        assert_eq!(keys.changes(), Changes::default(), "each change once");
        keys.not_taken("lock.opened.a", at(3));
        keys.restore(keys.changes());
        assert_eq!(keys.changes(), changes(&["lock.opened.a"], &[]), "Redis was away");
        keys.taken("lock.opened.a");
        assert_eq!((keys.count(), keys.since("lock.opened.a")), (0, None));
        keys.restore(keys.changes());
        assert_eq!(keys.changes(), changes(&[], &["lock.opened.a"]));
    }

    #[test]
    fn what_other_workers_know_is_adopted_and_forgotten() {
        let keys = UnroutedKeys::default();
        keys.not_taken("mine", at(5));
        keys.adopt(&[("theirs".to_owned(), at(2))]);
        assert_eq!((keys.since("mine"), keys.since("theirs")), (Some(at(5)), Some(at(2))));
        keys.changes();
        keys.taken("theirs");
        keys.adopt(&[("mine".to_owned(), at(4)), ("theirs".to_owned(), at(2))]);
        assert_eq!((keys.since("mine"), keys.since("theirs")), (Some(at(4)), None));
        assert_eq!(keys.changes(), changes(&[], &["theirs"]));
        keys.adopt(&[]);
        assert_eq!(keys.count(), 0);
    }

    #[test]
    fn the_number_of_keys_is_limited() {
        let keys = UnroutedKeys::default();
        (0..=MOST).for_each(|number| keys.not_taken(&number.to_string(), at(0)));
        assert_eq!(keys.count(), MOST);
    }
}
