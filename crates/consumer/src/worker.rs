//! The worker: everything a message needs, and the life of the process around it.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use publisher::TopologyError;
use rules::ResendLimits;
use salto::{
    ActivationStore, CallError, ClockStore, Http, KeyCheckError, OpenError, RedisTokenCache,
    TokenCache, check_key, seal::Sealer,
};
use secrecy::ExposeSecret;
use tokio::{net::TcpListener, sync::mpsc, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    attention::Attention,
    audit::{self, Writer},
    bookings::Bookings,
    directory::Directory,
    entry_log::Denied,
    failure::Setback,
    guard::{Guard, Subject, Verdict},
    health::{self, Health},
    keys::Keys,
    ledger::{Ledger, Limits},
    metrics,
    pursuit::Pursuit,
    session,
    settings::{OpeningSettings, Settings, claim_lease},
    store::{Store, StoreError},
    suspects::Suspects,
    trouble::Troubles,
    turns::Turns,
    vigil, watch,
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
    #[error("http.listen: {0} cannot be listened on; each worker of a machine needs its own")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The audit's lines could not be written.
    #[error("audit.directory: {0}")]
    Audit(#[from] audit::Unwritten),
    /// The metrics cannot be set up.
    #[error("no metrics")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// What every message may use.
pub(crate) struct Worker {
    pub(crate) opening: OpeningSettings,
    pub(crate) resend: ResendLimits,
    pub(crate) key_prefix: String,
    pub(crate) directory: Directory,
    pub(crate) bookings: Bookings,
    pub(crate) ledger: Ledger,
    pub(crate) turns: Turns,
    pub(crate) suspects: Suspects,
    pub(crate) guard: Guard,
    pub(crate) attention: Attention,
    pub(crate) troubles: Troubles,
    pub(crate) audit: Writer,
    pub(crate) activations: ActivationStore,
    pub(crate) denied_logs: Denied,
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
        let limits = Limits {
            per_iq: settings.opening.in_flight_per_iq,
            per_integration: settings.opening.in_flight_per_integration,
        };
        let held = (lease, limits);
        Self {
            opening: settings.opening,
            resend: ResendLimits {
                window: settings.opening.resend_window,
                commands: DOUBTFUL_COMMANDS,
            },
            key_prefix: prefix.to_owned(),
            directory: Directory::new(settings, http, cache),
            bookings: Bookings::new(Arc::clone(store), Keys::new(prefix), retention.bookings),
            ledger: Ledger::new(Arc::clone(store), prefix, Uuid::new_v4(), held, retention),
            turns: Turns::new(limits.per_iq),
            suspects: Suspects::default(),
            guard: Guard::new(Arc::clone(store), prefix, Arc::clone(&sealer)),
            attention: Attention::new(Arc::clone(store), &Keys::new(prefix)),
            troubles: Troubles::new(Arc::clone(store), prefix),
            audit: Writer::new(settings.audit.clone()),
            activations: ActivationStore::new(store.pool(), prefix, Arc::clone(&sealer)),
            denied_logs: Denied::default(),
            sealer,
            health: Arc::new(Health::default()),
            tasks: TaskTracker::new(),
            drained_by: OnceLock::new(),
        }
    }

    /// Gives a request's claim back, with all that others must know to go on.
    pub(crate) async fn release(&self, pursuit: &Pursuit) -> Result<(), StoreError> {
        let so_far = (pursuit.failures, pursuit.waiting());
        self.ledger.release(pursuit.reference(), &pursuit.owner, pursuit.news(), so_far).await
    }

    /// Takes note of what Salto says of an IQ's one-time passwords. A verdict that Redis does not
    /// take is lost: the next one says the same.
    pub(crate) async fn judge(&self, subject: Subject<'_>, verdict: Verdict) {
        match self.guard.judge(subject, verdict).await {
            Ok(true) => self.attention.wake(),
            Ok(false) => {}
            Err(error) => {
                let (integration_id, iq_id) = (subject.integration_id, subject.iq_id);
                tracing::warn!(integration_id, iq_id, ?verdict, %error, "not taken note of");
            }
        }
    }

    /// Takes note of a command that Salto did not accept, for people; beside, as nobody waits for it.
    pub(crate) fn note_trouble(self: &Arc<Self>, at: (&str, &str), error: &OpenError) {
        let (integration_id, iq_id) = (at.0.to_owned(), at.1.to_owned());
        let (worker, cause, detail) = (Arc::clone(self), error.cause, error.to_string());
        tokio::spawn(async move {
            let at = (integration_id.as_str(), iq_id.as_str());
            if let Err(error) = worker.troubles.note(at, cause, detail).await {
                tracing::debug!(integration_id, iq_id, %error, "trouble not taken note of");
            }
        });
    }

    /// Where Salto answered a call beside the messages with a wish for a pause, all obey; the answer
    /// is that pause.
    pub(crate) async fn share_pause(
        &self,
        integration_id: &str,
        error: CallError,
    ) -> Option<Duration> {
        let pause = Setback::from(error).pause?;
        if let Err(error) = self.ledger.pause(integration_id, pause).await {
            tracing::warn!(integration_id, %error, "Salto's pause could not be shared");
        }
        Some(pause)
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
    worker.audit.prepare()?;

    let address = settings.http_listen;
    let listener =
        TcpListener::bind(address).await.map_err(|error| RunError::Listen(address, error))?;
    let serving = tokio::spawn(health::serve(listener, Arc::clone(&worker.health), prometheus));
    tracing::info!(%address, integrations = settings.integrations.len(), "started");

    let reloading = tokio::spawn(reload(Arc::clone(&worker), reloads));
    let retention = settings.retention.audit;
    let tidying = tokio::spawn(audit::tidy(Arc::clone(&worker), retention));
    let sign_of_life = tokio::spawn(vigil::sign_of_life(Arc::clone(&worker)));
    let clocks = ClockStore::new(store.pool(), &worker.key_prefix);
    let opened = tokio::select! {
        opened = await_redis(&worker, &store, &clocks) => opened,
        () = shutdown.cancelled() => Ok(()),
    };
    let result = match opened {
        Ok(()) => {
            let clocks = tokio::spawn(vigil::salto(Arc::clone(&worker), clocks));
            let watch = tokio::spawn(watch::watch(Arc::clone(&worker)));
            let kept = session::keep(&worker, &settings.broker, &shutdown).await;
            clocks.abort();
            watch.abort();
            kept.map_err(RunError::from)
        }
        Err(error) => Err(error),
    };

    worker.drained().await;
    reloading.abort();
    tidying.abort();
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
