//! Noticing that Salto asks for a restore of an IQ: then its secret and PIN no longer count
//! (docs/salto-ks.md, The OTP).

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use salto::ActivationState;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    integrations::registry::Integration,
    state::{
        iq_ref::IqRef,
        otp_guard::{OtpSubject, OtpVerdict},
    },
    worker::Worker,
};

/// How often the IQs of an integration are checked, by one of the workers.
const EVERY: Duration = Duration::from_secs(5 * 60);

/// Integrations checked at once: one whose calls hang must not delay the others.
const AT_ONCE: usize = 8;

/// How often a worker looks for integrations whose check is due.
const TICK: Duration = Duration::from_secs(10);

/// Checks all IQs now, and later those whose last check by any worker is old.
pub(crate) async fn watch(worker: Arc<Worker>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut at_start = true;
    loop {
        ticks.tick().await;
        let all = stream::iter(worker.integrations.all());
        all.for_each_concurrent(AT_ONCE, async |integration| {
            let due = worker.iq_checks.begin(&integration.rules.id, EVERY, at_start).await;
            if matches!(due, Ok(true)) {
                check(&worker, &integration).await;
            }
        })
        .await;
        at_start = false;
    }
}

/// Checks an integration's IQs soon, beside the request: Salto rejected an OTP, and a restore may be the
/// reason.
pub(crate) fn check_beside(worker: &Arc<Worker>, integration: &Arc<Integration>) {
    let (worker, integration) = (Arc::clone(worker), Arc::clone(integration));
    tokio::spawn(async move { check(&worker, &integration).await });
}

async fn check(worker: &Worker, integration: &Integration) {
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
    let is_in_use = |state| match state {
        ActivationState::Activated | ActivationState::Degraded => true,
        ActivationState::NotActivated
        | ActivationState::PendingPin
        | ActivationState::ReactivationRequired => false,
    };
    let in_use: Vec<_> =
        stored.into_iter().filter(|(_, stored)| is_in_use(stored.activation.state)).collect();
    if in_use.is_empty() {
        return;
    }
    if !worker.pauses.remaining(integration_id).await.is_ok_and(|pause| pause.is_zero()) {
        return;
    }
    let iqs = match integration.site.iqs().await {
        Ok(iqs) => iqs,
        Err(error) => {
            tracing::warn!(integration_id, %error, "the site's IQs cannot be checked");
            worker.share_pause(integration_id, &error).await;
            return;
        }
    };
    for (iq_id, stored) in in_use {
        if iqs.iter().any(|iq| iq.id == iq_id && iq.restore_required == Some(true)) {
            let subject = OtpSubject {
                iq: IqRef { integration_id, iq_id: &iq_id },
                sealed: stored.sealed(),
                traceparent: None,
                rehearsal: integration.mode.rehearses(),
            };
            worker.record_verdict(subject, OtpVerdict::RestoreRequired).await;
        }
    }
}
