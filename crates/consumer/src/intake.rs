//! Taking deliveries from one queue, never more than there are permits.

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
use lapin::{Connection, message::Delivery};
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::task::TaskTracker;

use crate::{feed::Feed, line::Line, metrics};

/// A queue that sends nothing for this long is subscribed to anew: it may be quiet, or we deaf. Well
/// below the time that a request lives; not shorter, since lapin keeps some 200 bytes of every
/// channel until its connection closes.
const QUIET: Duration = Duration::from_secs(20);

/// One queue's budget: its permits are also its prefetch, so the broker sends nothing that would
/// have to wait here.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) queue: &'static str,
    permits: Arc<Semaphore>,
    prefetch: usize,
    taken: AtomicU64,
}

impl Intake {
    pub(crate) fn new(queue: &'static str, prefetch: u16) -> Self {
        let permits = Arc::new(Semaphore::new(prefetch.into()));
        Self { queue, permits, prefetch: prefetch.into(), taken: AtomicU64::new(0) }
    }

    /// How many deliveries were taken so far.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether another delivery could be taken now.
    pub(crate) fn has_room(&self) -> bool {
        self.permits.available_permits() > 0
    }

    /// Takes deliveries and handles each in a task of its own, until the subscription ends. The
    /// answer says how it ended.
    pub(crate) async fn run<H, F>(
        &self,
        (connection, feed): (&Connection, &mut Feed),
        (line, tasks): (&Line, &TaskTracker),
        handle: H,
    ) -> String
    where
        H: Fn(Line, Delivery) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        loop {
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
                return "the permits are gone".to_owned();
            };
            let delivery = match timeout(QUIET, feed.deliveries.next()).await {
                Ok(Some(Ok(delivery))) => delivery,
                Ok(Some(Err(error))) => return error.to_string(),
                Ok(None) => return "the broker ended the subscription".to_owned(),
                // The permit in hand is the only one taken: nothing is being worked on.
                Err(_) if self.permits.available_permits() + 1 == self.prefetch => {
                    match feed.renew(connection).await {
                        Ok(()) => continue,
                        Err(error) => return error.to_string(),
                    }
                }
                Err(_) => continue,
            };
            self.taken.fetch_add(1, Ordering::Relaxed);
            let (line, queue) = (line.among(&self.permits, self.prefetch), self.queue);
            let handling = AssertUnwindSafe(handle(line.clone(), delivery)).catch_unwind();
            tasks.spawn(async move {
                let _in_flight = metrics::InFlight::new(queue);
                if handling.await.is_err() {
                    // Unsettled, the message would stay here for ever; so it goes back with all
                    // others, and the broker's delivery limit counts how often.
                    tracing::error!(queue, "handling a message panicked, ending the session");
                    line.hang_up();
                }
                drop(permit);
            });
        }
    }
}
