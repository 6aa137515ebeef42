//! The messages that this worker has parked and that are still in their retry queues. RabbitMQ does not say why a message
//! waits; each worker counts its own, for as long as the retry queue keeps a message.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use metrics::{describe_gauge, gauge};

use super::count;

const PARKED_NOW: &str = "postern_messages_parked";

/// By reason, the ends of the waits. Waits are short, so that these are few seconds.
static PARKED_MESSAGES: Mutex<BTreeMap<&'static str, Waits>> = Mutex::new(BTreeMap::new());

/// How many waits end within each second; so a wait takes no memory of its own.
#[derive(Debug, Default)]
struct Waits {
    first: Option<Instant>,
    ends: BTreeMap<u64, usize>,
}

impl Waits {
    fn add(&mut self, now: Instant, time: Duration) {
        let first = *self.first.get_or_insert(now);
        *self.ends.entry((now + time - first).as_secs()).or_default() += 1;
    }

    /// How many waits have not ended.
    fn at(&mut self, now: Instant) -> usize {
        let Some(first) = self.first else { return 0 };
        self.ends = self.ends.split_off(&now.saturating_duration_since(first).as_secs());
        self.ends.values().sum()
    }
}

pub(super) fn describe() {
    describe_gauge!(
        PARKED_NOW,
        "Messages that this worker has parked and whose time in the retry queue is not over, by the reason of the wait"
    );
}

/// Shows the reason from now on.
pub(super) fn expect(reason: &'static str) {
    PARKED_MESSAGES.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default();
}

/// A message is parked for that time.
pub(super) fn add(reason: &'static str, time: Duration) {
    let mut parked = PARKED_MESSAGES.lock().unwrap_or_else(PoisonError::into_inner);
    let (waits, now) = (parked.entry(reason).or_default(), Instant::now());
    // Reading the numbers removes the old ones; it is possible that they are never read.
    waits.at(now);
    waits.add(now, time);
}

/// Shows how many messages are parked.
pub(super) fn show() {
    let mut parked = PARKED_MESSAGES.lock().unwrap_or_else(PoisonError::into_inner);
    for (reason, waits) in parked.iter_mut() {
        gauge!(PARKED_NOW, "reason" => *reason).set(count(waits.at(Instant::now())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_counts_until_its_time_is_over() {
        let (start, mut waits) = (Instant::now(), Waits::default());
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(waits.at(start), 0);
        waits.add(start, Duration::from_secs(4));
        waits.add(after(1_500), Duration::from_secs(1));
        assert_eq!(waits.at(after(1_600)), 2);
        assert_eq!(waits.at(after(3_900)), 1);
        assert_eq!(waits.at(after(5_000)), 0);
    }

    #[test]
    fn a_million_messages_take_no_memory_each() {
        let (start, mut waits) = (Instant::now(), Waits::default());
        for number in 0..1_000_000 {
            let now = start + Duration::from_micros(number);
            waits.at(now);
            waits.add(now, Duration::from_secs(64));
        }
        assert_eq!(waits.at(start + Duration::from_secs(2)), 1_000_000);
        assert!(waits.ends.len() <= 2, "{waits:?}");
    }
}
