//! The workers during a profile_run: one that ends by itself is started again, as a supervisor does.

use crate::system::SystemUnderTest;
use crate::worker_slot::WorkerSlot;
use futures_util::future::join_all;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(200);

/// What became of the workers.
#[derive(Debug, Default)]
pub(super) struct WorkerWatch {
    restarts: AtomicUsize,
    peak_memory: AtomicU64,
}

impl WorkerWatch {
    /// Watches until it is dropped.
    pub(super) async fn run(&self, system: &SystemUnderTest) {
        join_all(system.slots.iter().map(|slot| self.watch(slot, system))).await;
    }

    async fn watch(&self, slot: &WorkerSlot, system: &SystemUnderTest) {
        loop {
            if slot.exited_by_itself().await {
                self.restarts.fetch_add(1, Ordering::Relaxed);
                slot.start(&system.setup).await;
            } else if let Some(peak) = slot.peak_memory().await {
                self.peak_memory.fetch_max(peak, Ordering::Relaxed);
            }
            sleep(PAUSE).await;
        }
    }

    /// The workers that ended by themselves.
    pub(super) fn restarts(&self) -> usize {
        self.restarts.load(Ordering::Relaxed)
    }

    /// The largest resident memory of a worker, in bytes.
    pub(super) fn peak_memory(&self) -> u64 {
        self.peak_memory.load(Ordering::Relaxed)
    }
}

/// The sessions with RabbitMQ that the running workers have lost, by their metrics; none if a health port does not
/// answer.
pub(super) async fn sessions_lost(system: &SystemUnderTest) -> Option<u64> {
    let metrics = join_all(system.slots.iter().map(WorkerSlot::metrics)).await;
    metrics.into_iter().map(|metrics| lost_in(&metrics?)).sum()
}

/// The first session is not a lost one.
fn lost_in(metrics: &str) -> Option<u64> {
    let mut lines = metrics.lines();
    let begun = lines.find_map(|line| line.strip_prefix("postern_sessions_total "))?;
    Some(begun.parse::<u64>().ok()?.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_session_after_the_first_one_is_counted() {
        let metrics = |begun: u64| format!("# TYPE x counter\npostern_sessions_total {begun}\n");
        assert_eq!(lost_in(&metrics(1)), Some(0));
        assert_eq!(lost_in(&metrics(4)), Some(3));
        assert_eq!(lost_in("postern_subscribed 1\n"), None);
    }
}
