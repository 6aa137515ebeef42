//! Looking whether Salto asks for a restore of an IQ: then its secret and PIN are dead \[M\].

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use salto::ActivationState;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    directory::Integration,
    guard::{Subject, Verdict},
    worker::Worker,
};

/// How often the IQs of an integration are looked at, by whichever worker is first.
const EVERY: Duration = Duration::from_secs(5 * 60);

/// Integrations looked at at once: one whose calls hang must not keep the others waiting.
const AT_ONCE: usize = 8;

/// How often a worker asks whether it is time.
const TICK: Duration = Duration::from_secs(10);

/// Looks at all IQs now, and then at those that nobody has looked at for a while.
pub(crate) async fn watch(worker: Arc<Worker>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut at_start = true;
    loop {
        ticks.tick().await;
        let all = stream::iter(worker.directory.all());
        all.for_each_concurrent(AT_ONCE, async |integration| {
            let mine = worker.ledger.look_at(&integration.rules.id, EVERY, at_start).await;
            if matches!(mine, Ok(true)) {
                look(&worker, &integration).await;
            }
        })
        .await;
        at_start = false;
    }
}

/// Looks soon, beside the messages: a one-time password was rejected, and this may be why.
pub(crate) fn look_aside(worker: &Arc<Worker>, integration: &Arc<Integration>) {
    let (worker, integration) = (Arc::clone(worker), Arc::clone(integration));
    tokio::spawn(async move { look(&worker, &integration).await });
}

async fn look(worker: &Worker, integration: &Integration) {
    let integration_id = integration.rules.id.as_str();
    if !integration.rules.active {
        return;
    }
    let stored = match worker.activations.list(integration_id).await {
        Ok(stored) => stored,
        Err(error) => {
            tracing::debug!(integration_id, %error, "stored activations cannot be read");
            return;
        }
    };
    let in_use = |state| match state {
        ActivationState::Activated | ActivationState::Degraded => true,
        ActivationState::NotActivated
        | ActivationState::PendingPin
        | ActivationState::ReactivationRequired => false,
    };
    let in_use: Vec<_> =
        stored.into_iter().filter(|(_, stored)| in_use(stored.activation.state)).collect();
    if in_use.is_empty() || worker.ledger.is_paused(integration_id).await.unwrap_or(true) {
        return;
    }
    let iqs = match integration.site.iqs().await {
        Ok(iqs) => iqs,
        Err(error) => {
            tracing::warn!(integration_id, %error, "the site's IQs cannot be looked at");
            worker.share_pause(integration_id, error).await;
            return;
        }
    };
    for (iq_id, stored) in in_use {
        if iqs.iter().any(|iq| iq.id == iq_id && iq.restore_required == Some(true)) {
            let subject = Subject {
                integration_id,
                iq_id: &iq_id,
                sealed: stored.sealed(),
                traceparent: None,
                rehearsal: integration.mode.rehearses(),
            };
            worker.judge(subject, Verdict::RestoreRequired).await;
        }
    }
}
