//! Keeps one integration's token at hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;
use uuid::Uuid;

use super::cache::TokenCache;
use super::fingerprint::Fingerprints;
use super::grant::{self, GrantError};
use super::judge::{self, Fetch, Judgement, judge};
use super::record::Token;
use super::storing::LeftOver;
use crate::call::Api;
use crate::environment::Account;
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
    pub(super) integration: String,
    pub(super) api: Api,
    pub(super) cache: Arc<dyn TokenCache>,
    pub(super) now: Now,
    pub(super) ours: Fingerprints,
    account: Arc<Account>,
    local: Mutex<Local>,
    flight: Flight<Result<Arc<Token>, CallError>>,
}

#[derive(Default)]
pub(super) struct Local {
    token: Option<Arc<Token>>,
    /// The token last answered with 401.
    rejected: Option<Uuid>,
    renew_not_before: Option<DateTime<Utc>>,
    pub(super) left_over: Option<LeftOver>,
}

/// One waiting for the lease, and holding it.
pub(super) struct Turn {
    pub(super) owner: Uuid,
    /// Of the lease, where it is held.
    pub(super) lease_ends: Instant,
    deadline: Instant,
    pause: Duration,
}

impl Turn {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            owner: Uuid::new_v4(),
            lease_ends: now,
            deadline: now + PATIENCE,
            pause: Duration::from_millis(20),
        }
    }
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
            ours: Fingerprints::of(&api.environment, &account),
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
        let mut turn = Turn::new();
        loop {
            if let Step::Serve(token) = self.step().await? {
                return Ok(token);
            }
            if !self.leased(&mut turn).await? {
                continue;
            }
            let result = match self.store_left_over(turn.owner).await {
                // With which the lease was given back.
                Ok(true) => continue,
                Ok(false) => self.obtain_with_lease(&turn).await,
                Err(error) => Err(error),
            };
            self.release(&turn).await;
            return result;
        }
    }

    /// Takes the lease, or waits a moment where somebody else holds it.
    pub(super) async fn leased(&self, turn: &mut Turn) -> Result<bool, CallError> {
        turn.lease_ends = Instant::now() + LEASE;
        if self.cache.lease(&self.integration, turn.owner, LEASE).await? {
            return Ok(true);
        }
        if Instant::now() > turn.deadline {
            let why = "another process holds the right to ask for a token";
            return Err(CallError::new(Cause::Unavailable, why));
        }
        tokio::time::sleep(turn.pause.mul_f64(rand::random_range(0.5..1.0))).await;
        turn.pause = (turn.pause * 2).min(Duration::from_millis(200));
        Ok(false)
    }

    /// Where this fails the lease ends by itself.
    pub(super) async fn release(&self, turn: &Turn) {
        if let Err(error) = self.cache.release(&self.integration, turn.owner).await {
            tracing::debug!(%error, "token lease not given back");
        }
    }

    /// Looks once more, as the last holder may have stored a token, then asks Salto.
    async fn obtain_with_lease(&self, turn: &Turn) -> Result<Arc<Token>, CallError> {
        let how = match self.step().await? {
            Step::Serve(token) => return Ok(token),
            Step::Fetch(how) => how,
        };
        let now = (self.now)();
        match grant::fetch(&self.api, &self.account.sign_in, &how, now).await {
            Ok(token) => {
                tracing::debug!(integration = self.integration, "token granted");
                self.keep_granted(turn, &how, token).await
            }
            Err(GrantError::Rejected(code)) => {
                let rejection = judge::rejection(code, how.failures, (self.now)());
                Err(self.keep_rejected(turn, how, rejection).await)
            }
            Err(GrantError::Failed(error)) => Err(error),
        }
    }

    /// Judges what the cache holds. A token due for renewal does for whoever has none, and not for
    /// whoever came to renew it.
    async fn step(&self) -> Result<Step, CallError> {
        let record = self.cache.read(&self.integration).await?;
        let (rejected, now) = (self.local().rejected, (self.now)());
        match judge(record.as_ref(), &self.ours, rejected, now) {
            Judgement::Use(token) => Ok(Step::Serve(self.adopt(token))),
            Judgement::Renew(token, _) if self.local().serving(now).is_none() => {
                Ok(Step::Serve(self.adopt(token)))
            }
            Judgement::Renew(_, how) | Judgement::Fetch(how) => Ok(Step::Fetch(how)),
            Judgement::Wait(error) => Err(error),
            Judgement::SignIn(why) => Err(self.not_signed_in(why)),
        }
    }

    pub(super) fn adopt(&self, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        let mut local = self.local();
        local.renew_not_before = None;
        local.token = Some(Arc::clone(&token));
        token
    }

    pub(super) fn local(&self) -> MutexGuard<'_, Local> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Local {
    fn serving(&self, now: DateTime<Utc>) -> Option<&Arc<Token>> {
        let token = self.token.as_ref()?;
        (Some(token.id) != self.rejected && now < token.expires_at).then_some(token)
    }
}
