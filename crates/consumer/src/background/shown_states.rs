//! What Redis holds of integrations and their IQs, as metrics: the pauses that Salto asked for, and the states of IQs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use salto::ActivationState;
use tokio::time::{MissedTickBehavior, interval};

use crate::{failpoint, operator::metrics, state::store::StoreError, worker::Worker};

/// How often Redis is asked.
const EVERY: Duration = Duration::from_secs(15);

/// The states of IQs. One that is blocked counts as nothing else.
const BLOCKED: &str = "blocked";
const STATES: [&str; 5] = [
    ActivationState::Activated.code(),
    ActivationState::Degraded.code(),
    ActivationState::ReactivationRequired.code(),
    // Its activation has begun.
    ActivationState::PendingPin.code(),
    BLOCKED,
];

/// Shows pauses and states until the worker ends.
pub(crate) async fn show(worker: Arc<Worker>) {
    let mut ticks = interval(failpoint::interval("POSTERN_STATE_INTERVAL", EVERY));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shown = BTreeSet::new();
    loop {
        ticks.tick().await;
        let ids: BTreeSet<_> =
            worker.integrations.all().iter().map(|it| it.rules.id.clone()).collect();
        for removed in shown.difference(&ids) {
            metrics::pause(removed, Duration::ZERO);
            show_iqs(removed, &BTreeMap::new());
        }
        for id in &ids {
            if let Err(error) = show_integration(&worker, id).await {
                tracing::debug!(integration_id = id, %error, "state of the integration not known");
            }
        }
        shown = ids;
    }
}

async fn show_integration(worker: &Worker, id: &str) -> Result<(), StoreError> {
    metrics::pause(id, worker.pauses.remaining(id).await?);
    let statuses = worker.otp_guard.statuses(id).await?;
    let activations = worker.activations.list(id).await;
    let activations = activations.map_err(|error| StoreError::Away(error.to_string()))?;
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for (iq_id, stored) in activations {
        let blocked = statuses.get(&iq_id).is_some_and(|status| status.blocked_until.is_some());
        let state = if blocked { BLOCKED } else { stored.activation.state.code() };
        *counts.entry(state).or_default() += 1;
    }
    show_iqs(id, &counts);
    Ok(())
}

fn show_iqs(id: &str, counts: &BTreeMap<&'static str, usize>) {
    for state in STATES {
        metrics::iqs(id, state, counts.get(state).copied().unwrap_or_default());
    }
}
