//! Sharing with the other workers, by Redis, which routing keys no queue takes.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::{
    operator::metrics,
    state::{keys::Keys, store::StoreError, unrouted::UnroutedStore},
    worker::Worker,
};

/// How often the shared state is written and read.
const EVERY: Duration = Duration::from_secs(2);

/// Keeps Redis, this worker's memory and the metric up to date.
pub(crate) async fn share(worker: Arc<Worker>) {
    let store = UnroutedStore::new(Arc::clone(&worker.store), &Keys::new(&*worker.key_prefix));
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = share_once(&worker, &store).await {
            tracing::debug!(%error, "routing keys without a queue not shared");
        }
        metrics::unrouted_keys(worker.unrouted_keys.count());
    }
}

async fn share_once(worker: &Worker, store: &UnroutedStore) -> Result<(), StoreError> {
    let changes = worker.unrouted_keys.changes();
    let written = match store.remove(&changes.routed).await {
        Ok(()) => store.record(&changes.unrouted).await,
        Err(error) => Err(error),
    };
    if written.is_err() {
        worker.unrouted_keys.restore(changes);
        return written;
    }
    let known: Vec<_> =
        store.all().await?.into_iter().map(|it| (it.routing_key, it.since)).collect();
    worker.unrouted_keys.adopt(&known);
    Ok(())
}
