//! Keeps one integration's token at hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use sha1::{Digest, Sha1};
use tokio::time::Instant;
use uuid::Uuid;

use super::cache::TokenCache;
use super::grant::{self, GrantError};
use super::judge::{self, Fetch, Judgement, judge};
use super::record::{Token, TokenRecord, TokenState};
use crate::call::Api;
use crate::environment::{Account, Environment};
use crate::error::{CallError, Cause};
use crate::flight::Flight;

/// Where the time comes from.
pub(crate) type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Long enough for the slowest token request and storing what came of it.
const LEASE: Duration = Duration::from_secs(grant::TIME_LIMIT.as_secs() + 3);
/// For waiting out somebody else's lease and fetching it oneself after all.
const PATIENCE: Duration = Duration::from_secs(LEASE.as_secs() + grant::TIME_LIMIT.as_secs() + 2);
/// A token that could not be renewed ahead of its end is not tried at every command.
const RENEWAL_REST: TimeDelta = TimeDelta::seconds(5);

/// One integration's token: in this process, else in the cache, else from Salto.
pub(crate) struct Tokens {
    integration: String,
    api: Api,
    account: Arc<Account>,
    cache: Arc<dyn TokenCache>,
    now: Now,
    fingerprint: String,
    local: Mutex<Local>,
    flight: Flight<Result<Arc<Token>, CallError>>,
}

#[derive(Default)]
struct Local {
    token: Option<Arc<Token>>,
    /// The token last answered with 401.
    rejected: Option<Uuid>,
    renew_not_before: Option<DateTime<Utc>>,
}

/// What comes next on the way to a token.
enum Step {
    Serve(Arc<Token>),
    Fetch(Fetch),
}

impl Tokens {
    pub(crate) fn new(
        integration: &str,
        api: Api,
        account: Arc<Account>,
        cache: Arc<dyn TokenCache>,
        now: Now,
    ) -> Self {
        Self {
            integration: integration.to_owned(),
            fingerprint: fingerprint(&api.environment, &account),
            api,
            account,
            cache,
            now,
            local: Mutex::default(),
            flight: Flight::new(),
        }
    }

    /// The token at hand, if it is good.
    pub(crate) fn at_hand(&self) -> Option<Arc<Token>> {
        self.local().serving((self.now)()).cloned()
    }

    /// Whether the token at hand nears its end; `true` once per rest.
    pub(crate) fn due(&self) -> bool {
        let now = (self.now)();
        let mut local = self.local();
        let ending = local.serving(now).is_some_and(|token| now >= token.refresh_at());
        let due = ending && local.renew_not_before.is_none_or(|rest| now >= rest);
        if due {
            local.renew_not_before = Some(now + RENEWAL_REST);
        }
        due
    }

    /// A good token, fetched where needed.
    pub(crate) async fn get(self: &Arc<Self>) -> Result<Arc<Token>, CallError> {
        match self.at_hand() {
            Some(token) => Ok(token),
            None => self.renew().await,
        }
    }

    /// The next token, or the one that another process has fetched meanwhile.
    pub(crate) async fn renew(self: &Arc<Self>) -> Result<Arc<Token>, CallError> {
        let interrupted =
            || Err(CallError::new(Cause::Unavailable, "asking for a token broke off"));
        self.flight.join(Arc::clone(self).obtain()).await.unwrap_or_else(interrupted)
    }

    /// This token was answered with 401.
    pub(crate) fn reject(&self, token: &Token) {
        let mut local = self.local();
        if local.token.as_ref().is_none_or(|current| current.id == token.id) {
            local.rejected = Some(token.id);
        }
    }

    /// Gets the token that is wanted from the cache or, holding the lease, from Salto.
    async fn obtain(self: Arc<Self>) -> Result<Arc<Token>, CallError> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = Duration::from_millis(20);
        let owner = Uuid::new_v4();
        loop {
            if let Step::Serve(token) = self.step().await? {
                return Ok(token);
            }
            if self.cache.lease(&self.integration, owner, LEASE).await? {
                let result = self.obtain_with_lease(owner).await;
                // Where this fails the lease ends by itself.
                if let Err(error) = self.cache.release(&self.integration, owner).await {
                    tracing::debug!(%error, "token lease not given back");
                }
                return result;
            }
            if Instant::now() > deadline {
                let why = "another process holds the right to ask for a token";
                return Err(CallError::new(Cause::Unavailable, why));
            }
            tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    /// Looks once more, as the last holder may have stored a token, then asks Salto.
    async fn obtain_with_lease(&self, owner: Uuid) -> Result<Arc<Token>, CallError> {
        let how = match self.step().await? {
            Step::Serve(token) => return Ok(token),
            Step::Fetch(how) => how,
        };
        let now = (self.now)();
        match grant::fetch(&self.api, &self.account, &how, now).await {
            Ok(token) => {
                tracing::debug!(integration = self.integration, "token granted");
                self.keep(owner, TokenState::Granted(token.clone())).await;
                Ok(self.adopt(token))
            }
            Err(GrantError::Rejected(code)) => {
                let now = (self.now)();
                let rejection = judge::rejection(code, how.failures, now);
                let error = judge::rejected_until(&rejection, now);
                self.keep(owner, TokenState::Rejected(rejection)).await;
                Err(error)
            }
            Err(GrantError::Failed(error)) => Err(error),
        }
    }

    /// Judges what the cache holds. A token due for renewal does for whoever has none, and not for
    /// whoever came to renew it.
    async fn step(&self) -> Result<Step, CallError> {
        let record = self.cache.read(&self.integration).await?;
        let (rejected, now) = (self.local().rejected, (self.now)());
        match judge(record.as_ref(), &self.fingerprint, rejected, now) {
            Judgement::Use(token) => Ok(Step::Serve(self.adopt(token))),
            Judgement::Renew(token) if self.local().serving(now).is_none() => {
                Ok(Step::Serve(self.adopt(token)))
            }
            Judgement::Renew(token) => {
                Ok(Step::Fetch(Fetch { refresh: token.refresh, ..Fetch::default() }))
            }
            Judgement::Fetch(how) => Ok(Step::Fetch(how)),
            Judgement::Wait(error) => Err(error),
        }
    }

    /// Stores what Salto answered. Where Redis fails just now, it is tried again while the lease
    /// lasts: otherwise every replica would ask Salto for its own.
    async fn keep(&self, owner: Uuid, state: TokenState) {
        let record = TokenRecord { fingerprint: self.fingerprint.clone(), state };
        for pause in [Duration::from_millis(100), Duration::from_millis(400), Duration::ZERO] {
            match self.cache.store(&self.integration, owner, &record).await {
                Ok(true) => return,
                Ok(false) => break,
                Err(error) => tracing::debug!(%error, "token not stored"),
            }
            tokio::time::sleep(pause).await;
        }
        let integration = self.integration.as_str();
        tracing::warn!(integration, "what the token request brought could not be shared");
    }

    fn adopt(&self, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        let mut local = self.local();
        local.renew_not_before = None;
        local.token = Some(Arc::clone(&token));
        token
    }

    fn local(&self) -> MutexGuard<'_, Local> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Local {
    fn serving(&self, now: DateTime<Utc>) -> Option<&Arc<Token>> {
        let token = self.token.as_ref()?;
        (Some(token.id) != self.rejected && now < token.expires_at).then_some(token)
    }
}

/// Of everything a token depends on, so that a record of other credentials is not used. It is kept
/// sealed only.
fn fingerprint(environment: &Environment, account: &Account) -> String {
    let mut hash = Sha1::new();
    for part in [
        environment.identity_url.as_str(),
        environment.api_url.as_str(),
        &environment.client_id,
        environment.client_secret.expose_secret(),
        &environment.scope,
        &account.username,
        account.password.expose_secret(),
    ] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
