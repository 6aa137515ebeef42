//! Persistence of what token requests bring, in the cache that all replicas share. A login's token is
//! used only once its next refresh token is stored, because each refresh token can be used once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use uuid::Uuid;

use super::cache::TokenCache;
use super::cache_policy::{self, Fetch};
use super::fingerprint::Fingerprints;
use super::lease::Lease;
use super::record::{CredentialsRejection, Login, Token, TokenRecord, TokenState, UnusableGrant};
use crate::error::{CallError, Cause};

/// How long storing a token is retried that is not a login's.
const RETRY_LIMIT: Duration = Duration::from_millis(500);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Stores an integration's tokens in the cache.
pub(super) struct TokenPersistence {
    pub(super) integration: String,
    pub(super) cache: Arc<dyn TokenCache>,
    pub(super) fingerprints: Fingerprints,
    unstored: Mutex<Option<UnstoredLogin>>,
}

/// The answer to a login's refresh token that could not be stored. Without it the login would be lost.
#[derive(Clone)]
struct UnstoredLogin {
    used_refresh_token: SecretString,
    record: TokenRecord,
}

impl TokenPersistence {
    pub(super) fn new(
        integration: &str,
        cache: Arc<dyn TokenCache>,
        fingerprints: Fingerprints,
    ) -> Self {
        let integration = integration.to_owned();
        Self { integration, cache, fingerprints, unstored: Mutex::default() }
    }

    /// Stores a token. It may be used where this succeeds; a login's may not where its next refresh
    /// token is not stored: a process that ends then loses the login, one that goes on stores it later.
    pub(super) async fn store_granted(
        &self,
        lease: &Lease,
        fetch: &Fetch,
        token: Token,
    ) -> Result<(), CallError> {
        let record = self.granted(token);
        let is_login = record.login.is_some();
        if self.store(lease, fetch, record).await || !is_login {
            return Ok(());
        }
        Err(CallError::new(Cause::Cache, "the next refresh token could not be stored yet"))
    }

    /// Stores that the credentials were rejected, and returns the error of that. A login that Salto has
    /// ended is removed, so that it is not tried again.
    pub(super) async fn store_rejected(
        &self,
        lease: &Lease,
        fetch: Fetch,
        rejection: CredentialsRejection,
        now: DateTime<Utc>,
    ) -> CallError {
        let has_ended = rejection.code == "invalid_grant";
        let login = self.login(fetch.refresh.clone()).filter(|_| !has_ended);
        let error = match &self.fingerprints.login {
            Some(_) if has_ended => {
                tracing::warn!(
                    integration_id = self.integration,
                    "login ended: Salto no longer accepts its refresh token; run `postern login`"
                );
                self.not_signed_in(cache_policy::LOGIN_ENDED)
            }
            Some(_) | None => cache_policy::rejected_until(&rejection, now),
        };
        let state = TokenState::Rejected(rejection);
        let fingerprint = self.fingerprints.credentials.clone();
        self.store(lease, &fetch, TokenRecord { fingerprint, state, login }).await;
        error
    }

    /// Stores that no usable token was granted, so that all replicas rest. A login is kept: whether its refresh token was spent is not known.
    pub(super) async fn store_unusable(&self, lease: &Lease, fetch: Fetch, grant: UnusableGrant) {
        let login = self.login(fetch.refresh.clone());
        let state = TokenState::Unusable(grant);
        let fingerprint = self.fingerprints.credentials.clone();
        self.store(lease, &fetch, TokenRecord { fingerprint, state, login }).await;
    }

    /// Stores the first token of a sign-in by the browser, with its refresh token.
    pub(super) async fn store_login(&self, lease: &Lease, token: Token) -> Result<(), CallError> {
        let record = self.granted(token);
        if record.login.is_none() {
            let why = "Salto gave no refresh token: the client must be allowed offline_access";
            return Err(CallError::new(Cause::Forbidden, why));
        }
        if self.store(lease, &Fetch::default(), record).await {
            return Ok(());
        }
        Err(CallError::new(Cause::Cache, "the login could not be stored"))
    }

    /// Stores, holding the lease, what could not be stored before, unless the cache has another login by
    /// now. `true`: it was stored, and the lease was released with it.
    pub(super) async fn store_unstored(&self, owner: Uuid) -> Result<bool, CallError> {
        let Some(UnstoredLogin { used_refresh_token, record }) = self.unstored().clone() else {
            return Ok(false);
        };
        let stored = self.cache.read(&self.integration).await?.and_then(|stored| stored.login);
        let is_next = stored.is_some_and(|login| {
            login.refresh.expose_secret() == used_refresh_token.expose_secret()
        });
        let done = is_next && self.cache.store(&self.integration, owner, &record).await?;
        *self.unstored() = None;
        Ok(done)
    }

    /// The error where an operator must sign in.
    pub(super) fn not_signed_in(&self, why: &str) -> CallError {
        let detail = format!("{why}; run `postern login --integration {}`", self.integration);
        CallError::new(Cause::NotSignedIn, detail)
    }

    /// The record of a token. A login's refresh token is beside it, because it outlives the token.
    fn granted(&self, token: Token) -> TokenRecord {
        let login = self.login(token.refresh.clone());
        let refresh = token.refresh.clone().filter(|_| login.is_none());
        let state = TokenState::Granted(Token { refresh, ..token });
        TokenRecord { fingerprint: self.fingerprints.credentials.clone(), state, login }
    }

    fn login(&self, refresh: Option<SecretString>) -> Option<Login> {
        Some(Login { client: self.fingerprints.login.clone()?, refresh: refresh? })
    }

    /// Stores a record, and returns whether it is stored. Where Redis fails storing is retried: otherwise
    /// every replica would ask Salto for its own token. For a login it is retried until the lease ends,
    /// because no other process may use its refresh token before; what is not stored then is kept for
    /// later.
    async fn store(&self, lease: &Lease, fetch: &Fetch, record: TokenRecord) -> bool {
        let until = match self.fingerprints.login {
            Some(_) => lease.ends,
            None => Instant::now() + RETRY_LIMIT,
        };
        let integration_id = self.integration.as_str();
        let mut pause = FIRST_PAUSE;
        loop {
            match self.cache.store(integration_id, lease.owner, &record).await {
                Ok(true) => return true,
                Ok(false) => break,
                Err(error) => tracing::debug!(integration_id, %error, "token not stored"),
            }
            if Instant::now() + pause > until {
                break;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
        tracing::warn!(
            integration_id,
            "token not shared: the answer to a token request could not be stored; check Redis"
        );
        if let (Some(_), Some(used)) = (&self.fingerprints.login, &fetch.refresh) {
            let used_refresh_token = used.clone();
            *self.unstored() = Some(UnstoredLogin { used_refresh_token, record });
        }
        false
    }

    fn unstored(&self) -> MutexGuard<'_, Option<UnstoredLogin>> {
        self.unstored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
