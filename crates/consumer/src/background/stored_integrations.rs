//! Using changes of stored integrations as soon as a heartbeat has seen them.

use std::sync::Arc;

use crate::worker::Worker;

/// Reads them again after each change.
pub(crate) async fn follow(worker: Arc<Worker>) {
    worker.stored_integrations.watch(&worker.integrations).await;
}
