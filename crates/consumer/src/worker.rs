//! The worker: everything a message needs, and the life of the process around it.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use publisher::TopologyError;
use rules::ResendLimits;
use salto::{
    ClockStore, Http, KeyCheckError, RedisTokenCache, TokenCache, check_key, seal::Sealer,
};
use secrecy::ExposeSecret;
use tokio::{net::TcpListener, sync::mpsc, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    bookings::Bookings,
    directory::Directory,
    health::{self, Health},
    keys::Keys,
    ledger::Ledger,
    metrics, session,
    settings::{OpeningSettings, Settings, claim_lease},
    store::{Store, StoreError},
    vigil,
};

/// Commands in doubt for one request at most, the first one included (contract, invariant 3).
const DOUBTFUL_COMMANDS: u32 = 3;

/// Beyond `command_timeout`, how long messages may take to be settled after SIGTERM.
const SETTLE_TIME: Duration = Duration::from_secs(3);

/// How often Redis is asked at start until it answers.
const REDIS_POLL: Duration = Duration::from_secs(1);

/// Why a worker cannot work. Nothing of it mends itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// RabbitMQ holds something else under a name of postern's.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// Redis holds values sealed with another `secrets.key`.
    #[error(transparent)]
    SecretsKey(KeyCheckError),
    /// The Redis URL is none.
    #[error("redis.url cannot be used")]
    Redis(#[source] StoreError),
    /// The HTTP client for Salto cannot be made.
    #[error("no HTTPS client")]
    Http(#[source] salto::HttpError),
    /// The address for health and metrics cannot be listened on.
    #[error("http.listen: {0} cannot be listened on")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The metrics cannot be set up.
    #[error("no metrics")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// What every message may use.
pub(crate) struct Worker {
    pub(crate) opening: OpeningSettings,
    pub(crate) resend: ResendLimits,
    pub(crate) lease: Duration,
    pub(crate) key_prefix: String,
    pub(crate) directory: Directory,
    pub(crate) bookings: Bookings,
    pub(crate) ledger: Ledger,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) health: Arc<Health>,
    pub(crate) tasks: TaskTracker,
    drained_by: OnceLock<Instant>,
}

impl Worker {
    fn new(settings: &Settings, store: &Arc<Store>, http: Http) -> Self {
        let prefix = settings.redis.key_prefix.as_str();
        let sealer = Arc::new(Sealer::new(settings.secrets_key.expose_secret()));
        let cache: Arc<dyn TokenCache> =
            Arc::new(RedisTokenCache::new(store.pool(), prefix, Arc::clone(&sealer)));
        let retention = settings.retention;
        let lease = claim_lease(settings.opening.command_timeout);
        Self {
            opening: settings.opening,
            resend: ResendLimits {
                window: settings.opening.resend_window,
                commands: DOUBTFUL_COMMANDS,
            },
            lease,
            key_prefix: prefix.to_owned(),
            directory: Directory::new(settings, http, cache),
            bookings: Bookings::new(Arc::clone(store), Keys::new(prefix), retention.bookings),
            ledger: Ledger::new(Arc::clone(store), prefix, Uuid::new_v4(), lease, retention),
            sealer,
            health: Arc::new(Health::default()),
            tasks: TaskTracker::new(),
            drained_by: OnceLock::new(),
        }
    }

    /// Waits until no message is on its way: from the first call on, as long as a command and its
    /// settling may take.
    pub(crate) async fn drained(&self) {
        self.tasks.close();
        let limit = self.opening.command_timeout + SETTLE_TIME;
        let deadline = *self.drained_by.get_or_init(|| Instant::now() + limit);
        if tokio::time::timeout_at(deadline, self.tasks.wait()).await.is_err() {
            tracing::warn!(unsettled = self.tasks.len(), "stopping with unsettled messages");
        }
    }
}

/// Works until `shutdown`, then lets what was sent to Salto finish, gives everything else back
/// and returns, within `command_timeout` + 5 s. Waits, not ready, where RabbitMQ or Redis is away.
///
/// Of the settings that come over `reloads`, environments and integrations take effect at once,
/// for requests that wait as well; the rest stays as it was at the start.
///
/// # Errors
///
/// What waiting cannot mend: see [`RunError`].
pub async fn run(
    settings: Settings,
    shutdown: CancellationToken,
    reloads: mpsc::Receiver<Settings>,
) -> Result<(), RunError> {
    let prometheus = metrics::install()?;
    let store = Arc::new(Store::new(&settings.redis).map_err(RunError::Redis)?);
    let http = Http::new().map_err(RunError::Http)?;
    let worker = Arc::new(Worker::new(&settings, &store, http));

    let address = settings.http_listen;
    let listener =
        TcpListener::bind(address).await.map_err(|error| RunError::Listen(address, error))?;
    let serving = tokio::spawn(health::serve(listener, Arc::clone(&worker.health), prometheus));
    tracing::info!(%address, integrations = settings.integrations.len(), "started");

    let reloading = tokio::spawn(reload(Arc::clone(&worker), reloads));
    let sign_of_life = tokio::spawn(vigil::sign_of_life(Arc::clone(&worker)));
    let clocks = ClockStore::new(store.pool(), &worker.key_prefix);
    let opened = tokio::select! {
        opened = await_redis(&worker, &store, &clocks) => opened,
        () = shutdown.cancelled() => Ok(()),
    };
    let result = match opened {
        Ok(()) => {
            let clocks = tokio::spawn(vigil::clocks(Arc::clone(&worker), clocks));
            let kept = session::keep(&worker, &settings.broker, &shutdown).await;
            clocks.abort();
            kept.map_err(RunError::from)
        }
        Err(error) => Err(error),
    };

    worker.drained().await;
    reloading.abort();
    sign_of_life.abort();
    let _ = tokio::time::timeout(Duration::from_millis(500), worker.ledger.farewell()).await;
    serving.abort();
    tracing::info!("stopped");
    result
}

/// Takes over every new configuration.
async fn reload(worker: Arc<Worker>, mut reloads: mpsc::Receiver<Settings>) {
    while let Some(settings) = reloads.recv().await {
        worker.directory.replace(&settings);
        tracing::info!(integrations = settings.integrations.len(), "configuration reloaded");
    }
}

/// Waits for Redis, checks that the key fits what is stored there, and reads the clock offsets.
async fn await_redis(worker: &Worker, store: &Store, clocks: &ClockStore) -> Result<(), RunError> {
    loop {
        match check_key(&store.pool(), &worker.key_prefix, &worker.sealer).await {
            Ok(()) => break,
            Err(error @ KeyCheckError::WrongKey) => return Err(RunError::SecretsKey(error)),
            Err(KeyCheckError::Redis(error)) => {
                tracing::error!(%error, "waiting for Redis");
                tokio::time::sleep(REDIS_POLL).await;
            }
        }
    }
    for clock in worker.directory.clocks() {
        if let Err(error) = clocks.load(&clock).await {
            tracing::warn!(%error, environment = clock.environment(), "no stored clock offset");
        }
    }
    Ok(())
}
