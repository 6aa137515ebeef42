//! Confirming openings by Salto's own record: matching rows with openings, and asking Salto's log of entries
//! (docs/salto-ks.md, Connect API).

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use events::ConfirmationSource;
use salto::Entry;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    integrations::registry::Integration,
    operator::metrics,
    settings::ConfirmOpenings,
    state::{
        confirmations::{Reconciled, SeenRows},
        store::StoreError,
    },
    worker::Worker,
};

/// How often a worker looks at the openings that wait.
const TICK: Duration = Duration::from_secs(1);

/// How long asking the log may take.
const LOG_LIMIT: Duration = Duration::from_secs(10);

/// After which times from a command the log is asked, as long as the opening waits: rows come late.
const LOG_ALONE: [Duration; 8] = seconds([2, 4, 8, 15, 30, 60, 90, 120]);
/// The same where the event stream has the rows, and the log only those that it has missed.
const LOG_BESIDE_STREAM: [Duration; 4] = seconds([10, 30, 60, 120]);

const fn seconds<const N: usize>(numbers: [u64; N]) -> [Duration; N] {
    let mut all = [Duration::ZERO; N];
    let mut index = 0;
    while index < N {
        all[index] = Duration::from_secs(numbers[index]);
        index += 1;
    }
    all
}

/// Looks at the openings that wait, of all integrations, again and again.
pub(crate) async fn watch(worker: Arc<Worker>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let integrations = match worker.confirmations.integrations().await {
            Ok(integrations) => integrations,
            Err(error) => {
                tracing::debug!(%error, "openings that wait for their confirmation cannot be read");
                continue;
            }
        };
        for integration_id in integrations {
            look(&worker, &integration_id).await;
        }
    }
}

/// Looks at the openings of an integration soon, beside the request: the row of an opening may have come
/// before its outcome was recorded.
pub(crate) fn look_beside(worker: &Arc<Worker>, integration_id: &str) {
    let (worker, integration_id) = (Arc::clone(worker), integration_id.to_owned());
    tokio::spawn(async move { look(&worker, &integration_id).await });
}

async fn look(worker: &Arc<Worker>, integration_id: &str) {
    let integration = worker.integrations.get(integration_id);
    let confirm = integration.as_ref().map_or(ConfirmOpenings::Off, |it| it.confirm_openings);
    let asked_after: &[Duration] = match confirm {
        ConfirmOpenings::Off => &[],
        ConfirmOpenings::Entries => &LOG_ALONE,
        ConfirmOpenings::Stream => &LOG_BESIDE_STREAM,
    };
    let no_rows = SeenRows { rows: &[], source: ConfirmationSource::Entries };
    let reconciled = reconcile(worker, integration_id, no_rows, asked_after).await;
    if let (Some(integration), Ok(Reconciled { ask_since: Some(since), .. })) =
        (integration, reconciled)
    {
        ask_beside(worker, integration, since);
    }
}

/// Asks the log for what the stream may have missed.
pub(crate) async fn close_gap(worker: &Arc<Worker>, integration: &Arc<Integration>) {
    let no_rows = SeenRows { rows: &[], source: ConfirmationSource::Entries };
    let reconciled = reconcile(worker, &integration.rules.id, no_rows, &[]).await;
    if let Ok(Reconciled { oldest: Some(since), .. }) = reconciled {
        ask_beside(worker, Arc::clone(integration), since);
    }
}

/// Asks the log for all openings of the integration that wait. It runs beside everything else: a call that
/// hangs must not delay other integrations.
fn ask_beside(worker: &Arc<Worker>, integration: Arc<Integration>, since: DateTime<Utc>) {
    let worker = Arc::clone(worker);
    tokio::spawn(async move {
        let integration_id = integration.rules.id.as_str();
        if worker.denied_logs.is_denied(integration_id) {
            return;
        }
        match integration.site.openings_since(since, LOG_LIMIT).await {
            Ok(rows) => {
                let source = ConfirmationSource::Entries;
                let seen = SeenRows { rows: &rows, source };
                let _ = reconcile(&worker, integration_id, seen, &[]).await;
            }
            Err(error) => {
                worker.denied_logs.failed(integration_id, &error);
                worker.share_pause(integration_id, &error).await;
            }
        }
    });
}

/// Records openings that the event stream has shown.
pub(crate) async fn seen_in_stream(
    worker: &Worker,
    integration_id: &str,
    rows: &[Entry],
) -> Result<(), StoreError> {
    let seen = SeenRows { rows, source: ConfirmationSource::Stream };
    reconcile(worker, integration_id, seen, &[]).await.map(drop)
}

async fn reconcile(
    worker: &Worker,
    integration_id: &str,
    seen: SeenRows<'_>,
    asked_after: &[Duration],
) -> Result<Reconciled, StoreError> {
    let reconciled = worker.confirmations.reconcile(integration_id, seen, asked_after).await;
    let reconciled = reconciled.inspect_err(|error| {
        tracing::debug!(integration_id, %error, "openings are not matched with Salto's record");
    })?;
    if !reconciled.confirmed.is_empty() {
        worker.confirmed_events.notify();
    }
    for confirmed in &reconciled.confirmed {
        metrics::confirmed(confirmed.seen_in.clone(), confirmed.delay);
        let delay_ms = confirmed.delay.as_millis();
        tracing::debug!(integration_id, seen_in = confirmed.seen_in, delay_ms, "opening confirmed");
    }
    let Reconciled { unconfirmed, unmatched, .. } = reconciled;
    metrics::not_confirmed(unconfirmed, unmatched);
    if unconfirmed + unmatched > 0 {
        tracing::info!(integration_id, unconfirmed, unmatched, "openings not confirmed");
    }
    Ok(reconciled)
}
