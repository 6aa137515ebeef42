//! The clock offsets of Salto's environments, and the breakers, as the operator sees them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use salto::BreakerState;
use tokio::time::interval;

use crate::{operator::metrics, worker::Worker};

/// How often offsets and breakers are looked at.
const EVERY: Duration = Duration::from_secs(5);

/// Stores the clock offsets where they have changed, so that the first command after a restart is signed
/// with the right time; and shows them and the breakers as metrics.
pub(crate) async fn store_and_show(worker: Arc<Worker>) {
    let mut ticks = interval(EVERY);
    let mut stored = HashMap::new();
    loop {
        ticks.tick().await;
        for (environment, breakers) in worker.integrations.breakers() {
            for (host, state) in breakers.state() {
                metrics::breaker(&environment, host.as_str(), state != BreakerState::Closed);
            }
            for (host, scope, open) in breakers.open() {
                metrics::breakers(&environment, host.as_str(), scope.as_str(), open);
            }
        }
        for clock in worker.integrations.clocks() {
            clock.check();
            let (environment, offset) = (clock.environment().to_owned(), clock.offset());
            metrics::clock_offset(&environment, offset.as_seconds_f64());
            let offset = offset.num_seconds();
            if stored.get(&environment) != Some(&offset)
                && worker.clocks.store(&clock).await.is_ok()
            {
                stored.insert(environment, offset);
            }
        }
    }
}
