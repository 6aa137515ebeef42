//! The calls of a `Site`: with a token that is replaced where Salto rejects it, page by
//! page, for the site that the account names.

use std::sync::{Arc, OnceLock};

use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::entry::EntryFilter;
use super::info::{LockInfo, SiteInfo, readable};
use super::lock_list::LockList;
use crate::environment::account::Account;
use crate::environment::url::below;
use crate::error::{CallError, Cause};
use crate::http::answer::CallTarget;
use crate::http::pages::Pages;
use crate::http::salto_client::{Answer, Call, SaltoClient};
use crate::single_flight::SingleFlight;
use crate::token::{Now, Token, TokenCache, TokenManager};

/// What the clones of a site share.
pub(crate) struct SiteCalls {
    pub(crate) integration: String,
    pub(crate) client: SaltoClient,
    pub(crate) account: Arc<Account>,
    pub(crate) tokens: Arc<TokenManager>,
    pub(super) lock_list: LockList,
    lock_reads: SingleFlight<Result<(), CallError>>,
    user_id: OnceLock<String>,
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
            lock_reads: SingleFlight::new(),
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
        target: CallTarget,
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

    pub(crate) async fn get(&self, url: Url, target: CallTarget) -> Result<Answer, CallError> {
        self.call(Method::GET, url, || None, target).await
    }

    pub(super) async fn list(&self, url: Url, target: CallTarget) -> Result<Vec<Value>, CallError> {
        let mut pages = Pages::new(url);
        while let Some(url) = pages.next() {
            pages.add(&self.get(url, target).await?.body)?;
        }
        Ok(pages.items())
    }

    pub(super) async fn sites(&self) -> Result<Vec<SiteInfo>, CallError> {
        let url = below(&self.client.environment.api_url, &["v1.2", "sites"]);
        Ok(readable(self.list(url, CallTarget::Sites).await?, "sites"))
    }

    pub(super) async fn locks(&self) -> Result<Vec<LockInfo>, CallError> {
        let url = self.site_url(&["locks"]).await?;
        let items = self.list(url, CallTarget::Site).await.inspect_err(|error| {
            if error.cause == Cause::SiteNotFound {
                self.lock_list.clear_site_id();
            }
        })?;
        let locks: Vec<LockInfo> = readable(items, "locks");
        if !self.lock_list.replace(&locks, Instant::now()) {
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

    /// The `id` of `GET /me`, by which rows of the event log name the system user.
    pub(crate) async fn user_id(&self) -> Result<&str, CallError> {
        if let Some(id) = self.user_id.get() {
            return Ok(id);
        }
        let url = below(&self.client.environment.api_url, &["v1.2", "me"]);
        let answer = self.get(url, CallTarget::Unpublished).await?;
        let body: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| CallError::unreadable("the answer is not JSON"))?;
        match body["id"].as_str() {
            Some(id) if !id.is_empty() => Ok(self.user_id.get_or_init(|| id.to_owned())),
            _ => Err(CallError::unreadable("the user has no id")),
        }
    }

    /// What rows of the event log must have to be openings of the system user.
    pub(crate) async fn entry_filter(&self) -> Result<EntryFilter, CallError> {
        let user_id = self.user_id().await?.to_owned();
        Ok(EntryFilter { user_id, clock_offset: self.client.clock.offset() })
    }

    pub(super) async fn site_url(&self, rest: &[&str]) -> Result<Url, CallError> {
        let site = self.site_id().await?.to_string();
        let path = [&["v1.2", "sites", &site], rest].concat();
        Ok(below(&self.client.environment.api_url, &path))
    }

    /// Reads the list of locks, once for all callers that wait for it.
    pub(super) async fn refresh_locks(self: &Arc<Self>) -> Result<(), CallError> {
        let interrupted = || {
            let detail = "reading the site's locks was interrupted";
            Err(CallError::new(Cause::Unavailable, detail))
        };
        self.lock_reads.join(Arc::clone(self).read_locks()).await.unwrap_or_else(interrupted)
    }

    async fn read_locks(self: Arc<Self>) -> Result<(), CallError> {
        self.lock_list.set_attempted(Instant::now());
        let read = self.locks().await.map(drop);
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
