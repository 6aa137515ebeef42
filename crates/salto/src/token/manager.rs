//! The token manager of one integration: the token of this process, and its renewal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::cache::TokenCache;
use super::cache_policy::{self, CacheDecision, Fetch, LocalKnowledge};
use super::fingerprint::Fingerprints;
use super::grant::{self, GrantError};
use super::lease::Lease;
use super::persistence::TokenPersistence;
use super::record::Token;
use crate::environment::account::Account;
use crate::error::{CallError, Cause};
use crate::http::salto_client::SaltoClient;
use crate::single_flight::SingleFlight;

/// The source of the current time.
pub(crate) type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The pause after a failed renewal, so that not every command tries one.
const RENEWAL_PAUSE: TimeDelta = TimeDelta::seconds(5);

/// The token of one integration: from this process, else from the cache, else from Salto.
pub(crate) struct TokenManager {
    pub(super) client: SaltoClient,
    pub(super) now: Now,
    pub(super) persistence: TokenPersistence,
    account: Arc<Account>,
    local: Mutex<LocalToken>,
    single_flight: SingleFlight<Result<Arc<Token>, CallError>>,
    /// The owner that does not know whether it has the lease, because the cache did not answer.
    unanswered_owner: Mutex<Option<Uuid>>,
}

/// The token of this process.
#[derive(Default)]
struct LocalToken {
    token: Option<Arc<Token>>,
    /// The token that was answered with 401 last.
    rejected: Option<Uuid>,
    renew_not_before: Option<DateTime<Utc>>,
    /// Credentials that were rejected before this time are tried again at once.
    retry_since: Option<DateTime<Utc>>,
}

/// Where the token comes from.
enum Source {
    /// The cache has it.
    Cache(Arc<Token>),
    /// Salto must be asked.
    Salto(Fetch),
}

impl TokenManager {
    pub(crate) fn new(
        integration: &str,
        client: SaltoClient,
        account: Arc<Account>,
        cache: Arc<dyn TokenCache>,
        now: Now,
    ) -> Self {
        let fingerprints = Fingerprints::of(&client.environment, &account);
        Self {
            persistence: TokenPersistence::new(integration, cache, fingerprints),
            client,
            account,
            now,
            local: Mutex::default(),
            single_flight: SingleFlight::new(),
            unanswered_owner: Mutex::default(),
        }
    }

    /// The token of this process, if it is valid.
    pub(crate) fn current(&self) -> Option<Arc<Token>> {
        self.local().valid((self.now)()).cloned()
    }

    /// Whether the token of this process should be renewed; the next `true` comes no earlier than
    /// [`RENEWAL_PAUSE`] later.
    pub(crate) fn begin_renewal_if_due(&self) -> bool {
        let now = (self.now)();
        let mut local = self.local();
        let ending = local.valid(now).is_some_and(|token| now >= token.refresh_at());
        let due = ending && local.renew_not_before.is_none_or(|pause| now >= pause);
        if due {
            local.renew_not_before = Some(now + RENEWAL_PAUSE);
        }
        due
    }

    /// A valid token, fetched where needed.
    pub(crate) async fn get(self: &Arc<Self>) -> Result<Arc<Token>, CallError> {
        match self.current() {
            Some(token) => Ok(token),
            None => self.renew().await,
        }
    }

    /// The next token, or the one that another process has fetched meanwhile.
    pub(crate) async fn renew(self: &Arc<Self>) -> Result<Arc<Token>, CallError> {
        let interrupted =
            || Err(CallError::new(Cause::Unavailable, "the token request was interrupted"));
        self.single_flight.join(Arc::clone(self).obtain()).await.unwrap_or_else(interrupted)
    }

    /// Marks a token that was answered with 401.
    pub(crate) fn reject(&self, token: &Token) {
        let mut local = self.local();
        if local.token.as_ref().is_none_or(|current| current.id == token.id) {
            local.rejected = Some(token.id);
        }
    }

    /// Credentials that were rejected before now are tried again at once, and not after their pause.
    pub(crate) fn retry_rejected_credentials(&self) {
        self.local().retry_since = Some((self.now)());
    }

    /// A lease to acquire: where the cache did not answer the last one, its owner goes on, so that no request
    /// waits for a lease that this process has without knowing it.
    pub(super) fn begin_lease(&self) -> Lease {
        Lease::of(self.unanswered_owner().take())
    }

    /// Acquires the lease, or waits a moment where another process holds it.
    pub(super) async fn try_acquire(&self, lease: &mut Lease) -> Result<bool, CallError> {
        let TokenPersistence { cache, integration, .. } = &self.persistence;
        let acquired = lease.try_acquire(&**cache, integration).await;
        if acquired.is_err() {
            *self.unanswered_owner() = Some(lease.owner);
        }
        acquired
    }

    pub(super) async fn release(&self, lease: &Lease) {
        let TokenPersistence { cache, integration, .. } = &self.persistence;
        lease.release(&**cache, integration).await;
    }

    /// Gets a token from the cache or, holding the lease, from Salto.
    async fn obtain(self: Arc<Self>) -> Result<Arc<Token>, CallError> {
        let mut lease = self.begin_lease();
        loop {
            if let Source::Cache(token) = self.source().await? {
                return Ok(token);
            }
            if !self.try_acquire(&mut lease).await? {
                continue;
            }
            let result = match self.persistence.store_unstored(lease.owner).await {
                // The lease was released with it.
                Ok(true) => continue,
                Ok(false) => self.obtain_with_lease(&lease).await,
                Err(error) => Err(error),
            };
            self.release(&lease).await;
            return result;
        }
    }

    /// Reads the cache once more, because the last holder of the lease may have stored a token, then
    /// asks Salto.
    async fn obtain_with_lease(&self, lease: &Lease) -> Result<Arc<Token>, CallError> {
        let fetch = match self.source().await? {
            Source::Cache(token) => return Ok(token),
            Source::Salto(fetch) => fetch,
        };
        let now = (self.now)();
        match grant::fetch(&self.client, &self.account.sign_in, &fetch, now).await {
            Ok(token) => {
                tracing::debug!(integration_id = self.persistence.integration, "token granted");
                self.persistence.store_granted(lease, &fetch, token.clone()).await?;
                Ok(self.set_current(token))
            }
            Err(GrantError::Rejected(code)) => {
                let now = (self.now)();
                let rejection = cache_policy::rejection(code, fetch.failures, now);
                Err(self.persistence.store_rejected(lease, fetch, rejection, now).await)
            }
            Err(GrantError::Unusable(error)) => {
                let now = (self.now)();
                let grant = cache_policy::unusable(fetch.unusable, now);
                let error = error.with_retry_after((grant.retry_at - now).to_std().ok());
                self.persistence.store_unusable(lease, fetch, grant).await;
                Err(error)
            }
            Err(GrantError::Failed(error)) => Err(error),
        }
    }

    /// Decides by the cache. A token that is due for renewal is used where this process has none, and is
    /// not where this process renews its own.
    async fn source(&self) -> Result<Source, CallError> {
        let TokenPersistence { cache, integration, fingerprints, .. } = &self.persistence;
        let record = cache.read(integration).await?;
        let (local, now) = (self.local().knowledge(), (self.now)());
        match cache_policy::decide(record.as_ref(), fingerprints, local, now) {
            CacheDecision::Use(token) => Ok(Source::Cache(self.set_current(token))),
            CacheDecision::Renew(token, _) if self.local().valid(now).is_none() => {
                Ok(Source::Cache(self.set_current(token)))
            }
            CacheDecision::Renew(_, fetch) | CacheDecision::Fetch(fetch) => {
                Ok(Source::Salto(fetch))
            }
            CacheDecision::Wait(error) => Err(error),
            CacheDecision::SignIn(why) => Err(self.persistence.not_signed_in(why)),
        }
    }

    fn set_current(&self, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        let mut local = self.local();
        local.renew_not_before = None;
        local.token = Some(Arc::clone(&token));
        token
    }

    fn unanswered_owner(&self) -> MutexGuard<'_, Option<Uuid>> {
        self.unanswered_owner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn local(&self) -> MutexGuard<'_, LocalToken> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LocalToken {
    fn knowledge(&self) -> LocalKnowledge {
        LocalKnowledge { rejected: self.rejected, retry_since: self.retry_since }
    }

    fn valid(&self, now: DateTime<Utc>) -> Option<&Arc<Token>> {
        let token = self.token.as_ref()?;
        (Some(token.id) != self.rejected && now < token.expires_at).then_some(token)
    }
}
