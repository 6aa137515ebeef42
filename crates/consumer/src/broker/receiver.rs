//! The receiver of one queue: it takes no more deliveries than it has permits.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt, StreamExt};
use lapin::Connection;
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::task::TaskTracker;

use super::{delivery::Delivery, session_handle::SessionHandle, subscription::Subscription};
use crate::operator::metrics;

/// A queue that sends no delivery for this long is subscribed to anew: it may be quiet, or the
/// subscription broken. That is well below the lifetime of a request, and not shorter because lapin keeps
/// some 200 bytes of every channel until its connection closes.
const QUIET: Duration = Duration::from_secs(20);

/// One queue's budget: its permits are also its prefetch, so that the broker sends no delivery that would
/// have to wait here.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) queue: &'static str,
    permits: Arc<Semaphore>,
    prefetch: usize,
    taken: AtomicU64,
}

impl Receiver {
    pub(crate) fn new(queue: &'static str, prefetch: u16) -> Self {
        let permits = Arc::new(Semaphore::new(prefetch.into()));
        Self { queue, permits, prefetch: prefetch.into(), taken: AtomicU64::new(0) }
    }

    /// How many deliveries were taken so far.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether another delivery could be taken now.
    pub(crate) fn has_free_permit(&self) -> bool {
        self.permits.available_permits() > 0
    }

    /// Takes deliveries and handles each in a task of its own, until the subscription ends. Answers how
    /// it ended. While RabbitMQ blocks publishers, it takes none: they could not be answered.
    pub(crate) async fn run<H, F>(
        &self,
        connection: &Connection,
        subscription: &mut Subscription,
        session: &SessionHandle,
        tasks: &TaskTracker,
        handle: H,
    ) -> String
    where
        H: Fn(SessionHandle, Delivery) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        loop {
            session.until_unblocked().await;
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
                return "the permits are gone".to_owned();
            };
            let next = tokio::select! {
                biased;
                () = session.until_blocked() => continue,
                next = timeout(QUIET, subscription.deliveries.next()) => next,
            };
            let delivery = match next {
                Ok(Some(Ok(delivery))) => delivery,
                Ok(Some(Err(error))) => return error.to_string(),
                Ok(None) => return "the broker ended the subscription".to_owned(),
                // This permit is the only one taken: no delivery is being handled.
                Err(_) if self.permits.available_permits() + 1 == self.prefetch => {
                    match subscription.renew(connection).await {
                        Ok(()) => continue,
                        Err(error) => return error.to_string(),
                    }
                }
                Err(_) => continue,
            };
            self.taken.fetch_add(1, Ordering::Relaxed);
            let (session, queue) = (session.clone(), self.queue);
            let delivery = Delivery::new(queue, delivery, session.header_key());
            let handling = AssertUnwindSafe(handle(session.clone(), delivery)).catch_unwind();
            let handling = async move {
                let _in_flight = metrics::InFlight::new(queue);
                if handling.await.is_err() {
                    // Unsettled, the message would keep its place for ever. So the session ends, and the
                    // broker's delivery limit counts how often.
                    tracing::error!(queue, "handling a message panicked, ending the session");
                    session.end_session();
                }
                drop(permit);
            };
            tasks.spawn(handling);
        }
    }
}
