//! Everything that a console keeps.

use std::sync::Arc;

use axum::http::StatusCode;
use config::{Config, ConsoleSettings, ConsoleUser, KnownIntegration};
use consumer::{
    IntegrationSettings, LastErrors, Lookup, Sessions, SignIns, Store,
    audit::{Action, AuditEntry, AuditStream, OperatorAudit},
};
use salto::ActivationStore;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    app_error::AppError,
    current::{Current, Snapshot},
    feed::Feed,
    jobs::Jobs,
    passwords::Passwords,
    problem::Problem,
};

/// Searches of the audit at a time: each keeps Redis busy.
const MOST_SEARCHES: usize = 4;

/// What handlers use. Cloning it is cheap.
pub(crate) type App = Arc<Console>;

/// The parts of a console.
pub(crate) struct Console {
    pub(crate) current: Arc<Current>,
    pub(crate) console: ConsoleSettings,
    pub(crate) lookup: Lookup,
    pub(crate) audit_lines: AuditStream,
    /// Turns for searches of the audit.
    pub(crate) searches: Semaphore,
    pub(crate) sessions: Sessions,
    pub(crate) sign_ins: SignIns,
    pub(crate) passwords: Passwords,
    pub(crate) jobs: Jobs,
    pub(crate) activations: ActivationStore,
    pub(crate) last_errors: LastErrors,
    pub(crate) feed: Arc<Feed>,
    /// The document that describes the API.
    pub(crate) openapi: String,
    /// Streams of events end with the console.
    pub(crate) stop: CancellationToken,
    audit: OperatorAudit,
}

impl Console {
    pub(crate) fn new(
        config: Config,
        openapi: String,
        stop: CancellationToken,
    ) -> Result<Self, AppError> {
        let current = Arc::new(Current::new(&config)?);
        let Config { settings, console, .. } = config;
        let store = Arc::new(Store::new(&settings.redis)?);
        let prefix = settings.redis.key_prefix.as_str();
        Ok(Self {
            lookup: Lookup::through(Arc::clone(&store), prefix),
            audit_lines: AuditStream::new(&settings.redis)?,
            searches: Semaphore::new(MOST_SEARCHES),
            sessions: Sessions::new(Arc::clone(&store), prefix),
            sign_ins: SignIns::new(Arc::clone(&store), prefix),
            passwords: Passwords::for_users(&console.users),
            jobs: Jobs::default(),
            activations: ActivationStore::new(store.pool(), prefix, settings.secrets.sealer()),
            last_errors: LastErrors::new(Arc::clone(&store), prefix),
            feed: Arc::new(Feed::new(&settings.redis)?),
            audit: OperatorAudit::new(&settings)?,
            current,
            console,
            openapi,
            stop,
        })
    }

    /// Whether browsers reach it by https, directly or through a proxy.
    pub(crate) fn has_tls(&self) -> bool {
        let by_proxy = self.console.origin.as_ref().is_some_and(|it| it.starts_with("https:"));
        self.console.tls.is_some() || by_proxy
    }

    /// The user of this name.
    pub(crate) fn user(&self, name: &str) -> Option<&ConsoleUser> {
        self.console.users.iter().find(|user| user.name == name)
    }

    /// All settings, with the integrations as they are now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.current.snapshot()
    }

    /// The integration of this id, which workers use.
    pub(crate) fn integration(&self, id: &str) -> Result<IntegrationSettings, Problem> {
        let known = self.known(id)?;
        known.settings.ok_or_else(|| {
            let why = known.problem.map(|it| format!("{it}; {}", it.next_step()));
            let detail = format!("no worker uses {id:?}: it {}", why.unwrap_or_default());
            Problem::new(StatusCode::CONFLICT, "integration_unusable", detail)
        })
    }

    /// The integration of this id, also one that no worker uses.
    pub(crate) fn known(&self, id: &str) -> Result<KnownIntegration, Problem> {
        let snapshot = self.snapshot();
        let known = snapshot.all.iter().find(|it| it.id == id);
        known.cloned().ok_or_else(|| Problem::unknown_integration(id))
    }

    /// The integration of this id as it is stored at this moment: another console may have changed it meanwhile.
    pub(crate) async fn known_now(&self, id: &str) -> Result<KnownIntegration, Problem> {
        self.current.refresh().await?;
        self.known(id)
    }

    /// Writes the audit line of an action. An action whose line cannot be written is not done.
    pub(crate) async fn record(&self, action: &Action<'_>) -> Result<(), Problem> {
        self.audit.write(&AuditEntry::of_action(action)).await.map_err(|error| {
            tracing::error!(%error, action = action.action, "console: audit line not written");
            let detail = "the audit cannot be written now, and nothing is done without its line";
            Problem::unavailable("audit_unavailable", detail).retry_after(5)
        })
    }
}
