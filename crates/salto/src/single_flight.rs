//! Single flight: one run of a piece of work at a time, and its result for all callers that ask for it
//! meanwhile.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// One piece of work, run by at most one task at a time. The task runs on when its callers stop waiting,
/// so that a lease is released and a fetched token is stored.
#[derive(Debug)]
pub(crate) struct SingleFlight<T>(Mutex<Option<watch::Receiver<Option<T>>>>);

impl<T: Clone + Send + Sync + 'static> SingleFlight<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Starts the work unless it is running. Needs a tokio runtime.
    pub(crate) fn start(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> watch::Receiver<Option<T>> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A finished task has dropped its sender, or has sent its result.
        if let Some(running) = current.as_ref()
            && running.borrow().is_none()
            && running.has_changed().is_ok()
        {
            return running.clone();
        }
        let (sender, receiver) = watch::channel(None);
        // A panic in the work drops the sender, which ends the wait of the callers.
        tokio::spawn(async move {
            let _ = sender.send(Some(work.await));
        });
        *current = Some(receiver.clone());
        receiver
    }

    /// The result of the running work, or else of `work`. `None` where it panicked.
    pub(crate) async fn join(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let mut receiver = self.start(work);
        let result = receiver.wait_for(Option::is_some).await.ok()?;
        result.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn concurrent_callers_share_one_result_and_later_ones_get_a_new_one() {
        let runs = Arc::new(AtomicUsize::new(0));
        let single_flight = SingleFlight::new();
        let work = || {
            let runs = Arc::clone(&runs);
            async move {
                tokio::task::yield_now().await;
                runs.fetch_add(1, Ordering::SeqCst) + 1
            }
        };
        let (a, b) = tokio::join!(single_flight.join(work()), single_flight.join(work()));
        assert_eq!((a, b), (Some(1), Some(1)));
        assert_eq!(single_flight.join(work()).await, Some(2));
    }

    #[tokio::test]
    async fn work_runs_on_without_callers_and_a_panic_blocks_no_later_call() {
        let single_flight = SingleFlight::new();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        drop(single_flight.start(async move {
            sender.send(()).unwrap();
            1
        }));
        receiver.await.unwrap();
        while single_flight.join(async { panic!("in the work") }).await.is_some() {}
        assert_eq!(single_flight.join(async { 3 }).await, Some(3));
    }
}
