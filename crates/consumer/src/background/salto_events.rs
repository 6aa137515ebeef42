//! Listening to Salto's event streams: one worker per site, the holder of a lease (docs/salto-ks.md, The event
//! stream).

use std::{collections::HashMap, sync::Arc, time::Duration};

use rules::Delays;
use salto::{CallError, Cause, StreamNews};
use tokio::{
    task::{AbortHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use super::opening_confirmation::{close_gap, seen_in_stream};
use crate::{
    integrations::registry::Integration, jitter::jitter, operator::metrics,
    settings::ConfirmOpenings, worker::Worker,
};

/// How long a lease lasts: another worker takes over within 10 s of the owner's death.
const LEASE: Duration = Duration::from_secs(5);

/// How often a lease is prolonged.
const PROLONG: Duration = Duration::from_millis(1500);

/// How often a worker looks for sites to listen to, and for leases that have ended.
const LOOK: Duration = Duration::from_secs(1);

/// Waits between two connections.
const DELAYS: Delays = Delays { base: Duration::from_millis(500), cap: Duration::from_secs(60) };

/// The wait where the account may not read the stream.
const REFUSED: Duration = Duration::from_secs(5 * 60);

/// How a connection ended.
enum Ended {
    /// This worker may listen no longer.
    LeaseLost,
    /// The token was about to expire.
    TokenExpires,
    /// It failed.
    Failed(CallError),
}

/// Listens to the streams of all integrations that are confirmed by it, until this future is dropped.
pub(crate) async fn listen(worker: Arc<Worker>) {
    let mut listeners = JoinSet::new();
    let mut by_integration: HashMap<String, AbortHandle> = HashMap::new();
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        while listeners.try_join_next().is_some() {}
        by_integration.retain(|_, listener| !listener.is_finished());
        for integration in worker.integrations.all().iter().filter(|it| is_streamed(it)) {
            let id = &integration.rules.id;
            if !by_integration.contains_key(id) {
                let listener = listeners.spawn(listen_to_one(Arc::clone(&worker), id.clone()));
                by_integration.insert(id.clone(), listener);
            }
        }
    }
}

fn is_streamed(integration: &Integration) -> bool {
    let streams = match integration.confirm_openings {
        ConfirmOpenings::Stream => true,
        ConfirmOpenings::Off | ConfirmOpenings::Entries => false,
    };
    streams && integration.rules.active && !integration.mode.rehearses()
}

/// Listens to one site's stream, whenever this worker has the lease, for as long as it is configured.
async fn listen_to_one(worker: Arc<Worker>, id: String) {
    let mut failures = 0;
    while let Some(integration) = worker.integrations.get(&id).filter(|it| is_streamed(it)) {
        let paused = !worker.pauses.remaining(&id).await.is_ok_and(|pause| pause.is_zero());
        if paused || !matches!(worker.stream_leases.take(&id, LEASE).await, Ok(true)) {
            sleep(LOOK).await;
            continue;
        }
        let connected_at = Instant::now();
        let ended = tokio::select! {
            () = hold_lease(&worker, &integration) => Ended::LeaseLost,
            ended = connection(&worker, &integration) => ended,
        };
        // A connection that lasted shows that the failures before it are over.
        failures = if connected_at.elapsed() > DELAYS.cap { 0 } else { failures };
        match ended {
            Ended::LeaseLost => {}
            Ended::TokenExpires => tracing::debug!(integration_id = id, "event stream renewed"),
            Ended::Failed(error) => {
                failures += 1;
                worker.share_pause(&id, &error).await;
                let wait = wait_after(&error, failures);
                tracing::warn!(
                    integration_id = id, %error, wait_s = wait.as_secs_f64(),
                    next_step = next_step(&error), "event stream lost"
                );
                // Another worker may reach Salto.
                let _ = worker.stream_leases.end(&id).await;
                sleep(wait).await;
            }
        }
    }
    let _ = worker.stream_leases.end(&id).await;
}

fn wait_after(error: &CallError, failures: u32) -> Duration {
    match error.cause {
        Cause::Forbidden => REFUSED.mul_f64(0.5 + jitter() / 2.0),
        // The next token is fetched at once; a second refusal waits.
        Cause::TokenRejected if failures == 1 => Duration::ZERO,
        _ => DELAYS.wait(failures, jitter()),
    }
}

fn next_step(error: &CallError) -> Option<&'static str> {
    (error.cause == Cause::Forbidden).then_some(
        "the site's subscription needs the feature events_streaming; or set confirm_openings = \"entries\"",
    )
}

/// Returns when this worker no longer has the lease, or the integration has another account.
async fn hold_lease(worker: &Worker, integration: &Integration) {
    let id = integration.rules.id.as_str();
    let mut held_since = Instant::now();
    while held_since.elapsed() < LEASE {
        sleep(PROLONG).await;
        let now = Instant::now();
        let current = worker.integrations.get(id);
        if !current.is_some_and(|it| is_streamed(&it) && it.site.is_same(&integration.site)) {
            return;
        }
        match worker.stream_leases.take(id, LEASE).await {
            Ok(true) => held_since = now,
            Ok(false) => return,
            Err(error) => {
                tracing::debug!(integration_id = id, %error, "lease of an event stream not prolonged");
            }
        }
    }
}

/// Connects and listens.
async fn connection(worker: &Arc<Worker>, integration: &Arc<Integration>) -> Ended {
    let id = integration.rules.id.as_str();
    let mut stream = match integration.site.event_stream().await {
        Ok(stream) => stream,
        Err(error) => return Ended::Failed(error),
    };
    let _counted = metrics::EventStream::connected();
    tracing::info!(integration_id = id, "event stream connected");
    close_gap(worker, integration).await;
    loop {
        let entries = match stream.next().await {
            Ok(StreamNews::Entries(entries)) => entries,
            Ok(StreamNews::TokenExpires) => return Ended::TokenExpires,
            Err(error) => return Ended::Failed(error),
        };
        // Where Redis does not take them, the log has them.
        let _ = seen_in_stream(worker, id, &entries).await;
    }
}
