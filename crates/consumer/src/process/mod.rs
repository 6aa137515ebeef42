//! The life of the process: start, the session with RabbitMQ, configuration reloads, and the stop.

mod publishing_check;
mod queue_lengths;
mod redis_at_start;
mod session;
mod subscription_check;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use publisher::TopologyError;
use salto::{Http, KeyCheckError};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    audit::AuditWriteError,
    background::{
        audit_retention, early_warnings, heartbeat, iq_restore, opening_confirmation,
        record_expiry, salto_clocks, salto_events, shown_states, stored_integrations,
        unrouted_keys,
    },
    broker::wait_reason::WaitReason,
    integrations::stored::ReadIntegration,
    operator::{
        health::{self, Health, Readiness},
        metrics,
    },
    settings::Settings,
    state::store::{RedisUrlError, Store},
    worker::Worker,
};

/// How long each of the last commands to Redis may take at the stop.
const STOP_REDIS: Duration = Duration::from_millis(500);

/// Why a worker cannot work. Waiting corrects none of these.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// RabbitMQ has an exchange or queue of postern's name with other arguments.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// Redis holds values sealed with another `secrets.key`.
    #[error(transparent)]
    SecretsKey(KeyCheckError),
    /// The Redis URL cannot be read.
    #[error("redis.url or redis.sentinels cannot be used")]
    Redis(#[source] RedisUrlError),
    /// The HTTP client for Salto cannot be made.
    #[error("no HTTPS client")]
    Http(#[source] salto::HttpError),
    /// The address for health and metrics cannot be listened on.
    #[error("http.listen: {0} cannot be listened on; each worker of a machine needs its own")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The audit's lines cannot be written.
    #[error("audit.directory: {0}")]
    Audit(#[from] AuditWriteError),
    /// The metrics cannot be set up.
    #[error("no metrics")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// What became of reading the configuration again.
#[derive(Debug)]
pub enum Reload {
    /// These settings are to be used from now on.
    Settings {
        /// The new settings.
        settings: Box<Settings>,
        /// Told as soon as they are in use.
        applied: oneshot::Sender<()>,
    },
    /// The configuration has mistakes: the settings stay as they are.
    Mistakes,
}

/// Runs a worker until `shutdown`; then lets what was sent to Salto finish, returns all other messages
/// to their queues and returns, within `command_timeout` + 5 s. Waits, not ready, where RabbitMQ or Redis
/// is away.
///
/// Of the settings that arrive over `reloads`, environments and integrations take effect at once, also
/// for requests that wait; the other settings stay as they were at the start. Integrations that are stored in Redis
/// are read by `read_stored` before the worker is ready, and again within a second of each change. `readiness` is
/// told of each change.
///
/// # Errors
///
/// What waiting cannot correct: see [`RunError`].
pub async fn run(
    settings: Settings,
    read_stored: ReadIntegration,
    shutdown: CancellationToken,
    reloads: mpsc::Receiver<Reload>,
    readiness: watch::Sender<Readiness>,
) -> Result<(), RunError> {
    let metrics = metrics::install()?;
    metrics::show_wait_reasons(WaitReason::ALL.map(WaitReason::as_str));
    let store = Arc::new(Store::new(&settings.redis).map_err(RunError::Redis)?);
    let http = Http::new().map_err(RunError::Http)?;
    let health = Health::telling(readiness);
    let worker = Arc::new(Worker::new(&settings, &store, http, health, read_stored));
    worker.stored_integrations.reload(&settings, &worker.integrations).await;
    worker.audit.prepare()?;

    let address = settings.http_listen;
    let listener =
        TcpListener::bind(address).await.map_err(|error| RunError::Listen(address, error))?;
    let serving =
        tokio::spawn(health::serve(listener, Arc::clone(&worker.health), metrics.clone()));
    tracing::info!(%address, integrations = settings.integrations.len(), "started");

    let beside = [
        tokio::spawn(metrics.upkeep()),
        tokio::spawn(reload(Arc::clone(&worker), reloads)),
        tokio::spawn(audit_retention::enforce(Arc::clone(&worker), settings.retention.audit)),
        tokio::spawn(heartbeat::beat(Arc::clone(&worker))),
        tokio::spawn(record_expiry::expire_settled(Arc::clone(&worker))),
    ];
    let at_start = tokio::select! {
        at_start = redis_at_start::wait(&worker, &store) => at_start,
        () = shutdown.cancelled() => Ok(()),
    };
    let result = match at_start {
        Ok(()) => {
            let beside_session = [
                tokio::spawn(salto_clocks::store_and_show(Arc::clone(&worker))),
                tokio::spawn(iq_restore::watch(Arc::clone(&worker))),
                tokio::spawn(early_warnings::watch(Arc::clone(&worker))),
                tokio::spawn(unrouted_keys::share(Arc::clone(&worker))),
                tokio::spawn(shown_states::show(Arc::clone(&worker))),
                tokio::spawn(opening_confirmation::watch(Arc::clone(&worker))),
                tokio::spawn(salto_events::listen(Arc::clone(&worker))),
                tokio::spawn(stored_integrations::follow(Arc::clone(&worker))),
            ];
            let kept = session::keep(&worker, &settings.broker, &shutdown).await;
            beside_session.iter().for_each(JoinHandle::abort);
            kept.map_err(RunError::from)
        }
        Err(error) => Err(error),
    };

    worker.drained().await;
    beside.iter().for_each(JoinHandle::abort);
    let _ = tokio::join!(
        timeout(STOP_REDIS, worker.ledger.expire_settled(true)),
        timeout(STOP_REDIS, worker.heartbeat.stop()),
    );
    serving.abort();
    tracing::info!("stopped");
    result
}

/// Applies each new configuration.
async fn reload(worker: Arc<Worker>, mut reloads: mpsc::Receiver<Reload>) {
    while let Some(reload) = reloads.recv().await {
        match reload {
            Reload::Settings { settings, applied } => {
                worker.stored_integrations.reload(&settings, &worker.integrations).await;
                metrics::reloaded(true);
                let integrations = settings.integrations.len();
                tracing::info!(integrations, "configuration reloaded");
                // Whether anybody waits for it makes no difference.
                let _ = applied.send(());
            }
            Reload::Mistakes => metrics::reloaded(false),
        }
    }
}
