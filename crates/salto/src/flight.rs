//! One piece of work at a time, its result shared by all who ask for it meanwhile.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// The work goes on when those who wait for it go away: a lease taken is given back, a token fetched
/// is stored.
#[derive(Debug)]
pub(crate) struct Flight<T>(Mutex<Option<watch::Receiver<Option<T>>>>);

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Starts the work unless it is under way. Needs a tokio runtime.
    pub(crate) fn start(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> watch::Receiver<Option<T>> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A finished flight has lost its sender, or shows its result.
        if let Some(under_way) = current.as_ref()
            && under_way.borrow().is_none()
            && under_way.has_changed().is_ok()
        {
            return under_way.clone();
        }
        let (sender, receiver) = watch::channel(None);
        // A panic in the work drops the sender, which those who wait are told.
        tokio::spawn(async move {
            let _ = sender.send(Some(work.await));
        });
        *current = Some(receiver.clone());
        receiver
    }

    /// The result of the work under way, or of `work`. `None` when it was cut off.
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
    async fn those_who_ask_together_share_one_result_and_later_ones_get_a_new_one() {
        let runs = Arc::new(AtomicUsize::new(0));
        let flight = Flight::new();
        let work = || {
            let runs = Arc::clone(&runs);
            async move {
                tokio::task::yield_now().await;
                runs.fetch_add(1, Ordering::SeqCst) + 1
            }
        };
        let (a, b) = tokio::join!(flight.join(work()), flight.join(work()));
        assert_eq!((a, b), (Some(1), Some(1)));
        assert_eq!(flight.join(work()).await, Some(2));
    }

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits_and_a_panic_blocks_nobody() {
        let flight = Flight::new();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        drop(flight.start(async move {
            sender.send(()).unwrap();
            1
        }));
        receiver.await.unwrap();
        while flight.join(async { panic!("in the work") }).await.is_some() {}
        assert_eq!(flight.join(async { 3 }).await, Some(3));
    }
}
