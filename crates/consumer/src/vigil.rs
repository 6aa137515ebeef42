//! What goes on beside the messages: the sign of life, the watch on Redis, and the clocks.

use std::{collections::HashMap, sync::Arc, time::Duration};

use salto::{BreakerState, ClockStore};
use tokio::time::{MissedTickBehavior, interval};

use crate::{metrics, worker::Worker};

/// How often the worker says that it lives.
const SIGN_OF_LIFE_EVERY: Duration = Duration::from_millis(500);

/// Without a sign for this long, a worker counts as dead to whoever is handed its messages. Well
/// below the resend window, so that a request in doubt can still be repeated within it.
const SIGN_OF_LIFE_LASTS: Duration = Duration::from_secs(3);

/// How often to look whether a clock offset is to be written down or a breaker is open.
const SALTO_EVERY: Duration = Duration::from_secs(5);

/// Tells Redis, every half second, that this worker lives; and learns by it whether Redis does.
pub(crate) async fn sign_of_life(worker: Arc<Worker>) {
    let mut ticks = interval(SIGN_OF_LIFE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match worker.ledger.sign_of_life(SIGN_OF_LIFE_LASTS).await {
            Ok(()) => worker.health.set_redis(None),
            Err(error) => worker.health.set_redis(Some(&error)),
        }
    }
}

/// Writes the clock offsets down where they have changed, so that the first command after a
/// restart is signed with the right time; and shows them and the breakers to the operator.
pub(crate) async fn salto(worker: Arc<Worker>, store: ClockStore) {
    let mut ticks = interval(SALTO_EVERY);
    let mut written = HashMap::new();
    loop {
        ticks.tick().await;
        for (environment, breakers) in worker.directory.breakers() {
            for (host, state) in breakers.state() {
                metrics::breaker(&environment, host.as_str(), state != BreakerState::Closed);
            }
        }
        for clock in worker.directory.clocks() {
            let (environment, offset) = (clock.environment().to_owned(), clock.offset());
            metrics::clock_offset(&environment, offset.as_seconds_f64());
            let offset = offset.num_seconds();
            if written.get(&environment) != Some(&offset) && store.store(&clock).await.is_ok() {
                written.insert(environment, offset);
            }
        }
    }
}
