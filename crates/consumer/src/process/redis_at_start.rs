//! Waiting for Redis at the start.

use std::time::Duration;

use salto::{KeyCheckError, check_key};

use super::RunError;
use crate::{state::store::Store, worker::Worker};

/// How often Redis is asked until it answers.
const POLL: Duration = Duration::from_secs(1);

/// Waits for Redis, checks that `secrets.key` is the key of the values stored there, and reads the clock
/// offsets.
pub(super) async fn wait(worker: &Worker, store: &Store) -> Result<(), RunError> {
    loop {
        match check_key(&store.pool(), &worker.key_prefix, &worker.sealer).await {
            Ok(()) => break,
            Err(error @ KeyCheckError::WrongKey) => return Err(RunError::SecretsKey(error)),
            Err(KeyCheckError::Redis(error)) => {
                tracing::error!(%error, "waiting for Redis");
                tokio::time::sleep(POLL).await;
            }
        }
    }
    for clock in worker.integrations.clocks() {
        if let Err(error) = worker.clocks.load(&clock).await {
            tracing::warn!(%error, environment = clock.environment(), "no stored clock offset");
        }
    }
    Ok(())
}
