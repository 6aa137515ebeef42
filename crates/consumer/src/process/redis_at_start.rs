//! Waiting for Redis at the start, and reading what the worker needs of it.

use std::{collections::HashMap, time::Duration};

use deadpool_redis::redis::cmd;
use salto::{KeyCheckError, check_key};

use super::RunError;
use crate::{
    state::store::{Store, StoreError},
    worker::Worker,
};

/// How often Redis is asked until it answers.
const POLL: Duration = Duration::from_secs(1);

/// Waits for Redis, checks that `secrets.key` is the key of the values stored there, and reads the stored
/// integrations and the clock offsets.
pub(super) async fn wait(worker: &Worker, store: &Store) -> Result<(), RunError> {
    loop {
        match check_key(&store.pool(), &worker.key_prefix, &worker.sealer).await {
            Ok(()) => {
                warn_of_losses(store).await;
                break;
            }
            Err(error @ KeyCheckError::WrongKey) => return Err(RunError::SecretsKey(error)),
            Err(KeyCheckError::Redis(error)) => {
                tracing::error!(%error, "waiting for Redis");
                tokio::time::sleep(POLL).await;
            }
        }
    }
    read_stored_integrations(worker).await;
    for clock in worker.integrations.clocks() {
        if let Err(error) = worker.clocks.load(&clock).await {
            tracing::warn!(%error, environment = clock.environment(), "no stored clock offset");
        }
    }
    Ok(())
}

/// A record of another type is not corrected by waiting: those of the file are used without it.
async fn read_stored_integrations(worker: &Worker) {
    loop {
        match worker.stored_integrations.refresh(&worker.integrations).await {
            Ok(()) => return,
            Err(error @ StoreError::Record(_)) => {
                return worker.stored_integrations.log_failure(&error);
            }
            Err(error @ StoreError::Away(_)) => {
                tracing::error!(%error, "waiting for Redis");
                tokio::time::sleep(POLL).await;
            }
        }
    }
}

/// Warns where Redis may lose what it has confirmed. Not every user may read these settings, and not every
/// Redis has them: nothing is said then, and `postern doctor` says that it could not be checked.
async fn warn_of_losses(store: &Store) {
    if let Some(value) = setting(store, "appendonly").await.filter(|value| value != "yes") {
        tracing::warn!(
            appendonly = value,
            next_step = "set appendonly to yes, in the configuration file of Redis too",
            "Redis loses data at a restart"
        );
    }
    if let Some(value) = setting(store, "maxmemory-policy").await.filter(|it| it != "noeviction") {
        tracing::warn!(
            maxmemory_policy = value,
            next_step =
                "set maxmemory-policy to noeviction, in the configuration file of Redis too",
            "Redis may evict data"
        );
    }
}

/// A setting of Redis, where it shows it. It is not asked by way of the store, for which a refusal would count
/// as an outage.
async fn setting(store: &Store, name: &str) -> Option<String> {
    let mut connection = store.pool().get().await.ok()?;
    let answer = cmd("CONFIG").arg("GET").arg(name).query_async(&mut *connection).await;
    answer.ok().and_then(|mut settings: HashMap<String, String>| settings.remove(name))
}
