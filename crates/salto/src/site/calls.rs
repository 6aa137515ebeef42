//! The calls of a `Site`: with a token that is replaced where Salto rejects it, page by
//! page, for the site that the account names.

use std::sync::{Arc, OnceLock};

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::info::{LockInfo, SiteInfo};
use super::lock_list::LockList;
use super::open_times::OpenTimes;
use crate::environment::account::Account;
use crate::environment::url::below;
use crate::error::{CallError, Cause};
use crate::http::answer::CallTarget;
use crate::http::pages::Pages;
use crate::http::salto_client::{Answer, Call, SaltoClient};
use crate::single_flight::SingleFlight;
use crate::token::{Now, Token, TokenCache, TokenManager};

/// A clock offset that is in doubt is measured by this many calls at most: an answer that is far from what was
/// known needs a second one, and one of them may be wrong.
const CLOCK_READS: u32 = 3;

/// What the clones of a site share.
pub(crate) struct SiteCalls {
    pub(crate) integration: String,
    pub(crate) client: SaltoClient,
    pub(crate) account: Arc<Account>,
    pub(crate) tokens: Arc<TokenManager>,
    pub(super) lock_list: LockList,
    pub(super) open_times: OpenTimes,
    /// The result: when reading the list began.
    lock_reads: SingleFlight<Result<Instant, CallError>>,
    clock_reads: SingleFlight<Result<(), CallError>>,
    pub(super) user_id: OnceLock<String>,
}

impl SiteCalls {
    pub(super) fn new(
        integration_id: &str,
        client: SaltoClient,
        account: Account,
        cache: Arc<dyn TokenCache>,
        now: Now,
    ) -> Self {
        let account = Arc::new(account);
        let tokens = TokenManager::new(integration_id, client.clone(), account.clone(), cache, now);
        Self {
            integration: integration_id.to_owned(),
            client,
            account,
            tokens: Arc::new(tokens),
            lock_list: LockList::default(),
            open_times: OpenTimes::default(),
            lock_reads: SingleFlight::new(),
            clock_reads: SingleFlight::new(),
            user_id: OnceLock::new(),
        }
    }

    /// Makes a call with a token; where Salto answers 401, which means that the call had no effect,
    /// once more with another token. `body` makes the body of each call.
    pub(crate) async fn call(
        &self,
        method: Method,
        url: Url,
        body: impl Fn() -> Option<Value> + Send + Sync,
        target: CallTarget<'_>,
    ) -> Result<Answer, CallError> {
        let call = || Call { method: method.clone(), url: url.clone(), body: body(), target };
        let token = self.tokens.get().await?;
        let first = self.client.call(token.header(), call()).await;
        if !self.rejects_token(&token, &first) {
            return first;
        }
        let token = self.tokens.get().await?;
        let second = self.client.call(token.header(), call()).await;
        self.rejects_token(&token, &second);
        second
    }

    /// Whether the answer says that the token is no longer accepted; the token is then replaced by the
    /// next call.
    fn rejects_token(&self, token: &Token, answer: &Result<Answer, CallError>) -> bool {
        let rejected = answer.as_ref().is_err_and(|error| error.cause == Cause::TokenRejected);
        if rejected {
            self.tokens.reject(token);
        }
        rejected
    }

    pub(crate) async fn get(&self, url: Url, target: CallTarget<'_>) -> Result<Answer, CallError> {
        self.call(Method::GET, url, || None, target).await
    }

    /// A whole list; `what` is its name in the log.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        url: Url,
        target: CallTarget<'_>,
        what: &'static str,
    ) -> Result<Vec<T>, CallError> {
        let mut pages = Pages::new(url);
        while let Some(url) = pages.next() {
            pages.add(&self.get(url, target).await?.body)?;
        }
        Ok(pages.items(what))
    }

    pub(super) async fn sites(&self) -> Result<Vec<SiteInfo>, CallError> {
        let url = below(&self.client.environment.api_url, &["v1.2", "sites"]);
        self.list(url, CallTarget::Sites, "sites").await
    }

    pub(super) async fn locks(&self) -> Result<Vec<LockInfo>, CallError> {
        let began = Instant::now();
        let url = self.site_url(&["locks"]).await?;
        let locks = self.list::<LockInfo>(url, CallTarget::Site, "locks").await;
        let locks = locks.inspect_err(|error| {
            if error.cause == Cause::SiteNotFound {
                self.lock_list.clear_site_id();
            }
        })?;
        if !self.lock_list.replace(&locks, began) {
            tracing::warn!(
                integration_id = self.integration,
                "list of locks is empty; the previous one stays in use until it is read empty again"
            );
        }
        Ok(locks)
    }

    /// The site's UUID: calls need it in place of the UID (`docs/salto-ks.md`, Connect API).
    pub(crate) async fn site_id(&self) -> Result<Uuid, CallError> {
        if let Some(id) = self.lock_list.site_id() {
            return Ok(id);
        }
        let uid = &self.account.site_uid;
        let missing = || CallError::new(Cause::SiteNotFound, uid.clone());
        if self.lock_list.site_recently_missing(Instant::now()) {
            return Err(missing());
        }
        let has_uid = |site: &SiteInfo| {
            site.site_uid.as_ref().is_some_and(|its| its.eq_ignore_ascii_case(uid))
        };
        let Some(site) = self.sites().await?.into_iter().find(has_uid) else {
            self.lock_list.set_site_missing(Instant::now());
            return Err(missing());
        };
        self.lock_list.set_site_id(site.id);
        Ok(site.id)
    }

    pub(super) async fn site_url(&self, rest: &[&str]) -> Result<Url, CallError> {
        let site = self.site_id().await?.to_string();
        let path = [&["v1.2", "sites", &site], rest].concat();
        Ok(below(&self.client.environment.api_url, &path))
    }

    /// Reads the list of locks, once for all callers that wait for it.
    pub(super) async fn refresh_locks(self: &Arc<Self>) -> Result<Instant, CallError> {
        let read = self.lock_reads.join(Arc::clone(self).read_locks()).await;
        read.unwrap_or_else(|| Err(interrupted("reading the site's locks was interrupted")))
    }

    /// The same, and again where the reading that was going on began before `since`.
    pub(super) async fn refresh_locks_since(
        self: &Arc<Self>,
        since: Instant,
    ) -> Result<(), CallError> {
        if self.refresh_locks().await? < since {
            self.refresh_locks().await?;
        }
        Ok(())
    }

    /// Measures the clock offset where it may be wrong, once for all callers that wait for it.
    pub(super) async fn establish_clock(self: &Arc<Self>) -> Result<(), CallError> {
        if self.client.clock.is_certain() {
            return Ok(());
        }
        let measured = self.clock_reads.join(Arc::clone(self).measure_clock()).await;
        measured.unwrap_or_else(|| Err(interrupted("measuring the clock offset was interrupted")))
    }

    async fn measure_clock(self: Arc<Self>) -> Result<(), CallError> {
        let clock = &self.client.clock;
        for _ in 0..CLOCK_READS {
            let answered = match self.site_url(&[]).await {
                Ok(url) => self.get(url, CallTarget::Site).await.map(drop),
                Err(error) => Err(error),
            };
            // A refusal has a date too.
            if clock.is_certain() {
                return Ok(());
            }
            answered?;
        }
        let environment = clock.environment();
        tracing::warn!(
            environment,
            "clock offset not measured: Salto's answers have no usable Date"
        );
        clock.keep();
        Ok(())
    }

    async fn read_locks(self: Arc<Self>) -> Result<Instant, CallError> {
        let began = Instant::now();
        self.lock_list.set_attempted(began);
        let read = self.locks().await.map(|_| began);
        if let Err(error) = &read
            && error.cause != Cause::BreakerOpen
        {
            tracing::warn!(
                integration_id = self.integration,
                %error,
                "list of locks not read; the previous one stays in use"
            );
        }
        read
    }
}

fn interrupted(what: &'static str) -> CallError {
    CallError::new(Cause::Unavailable, what)
}
