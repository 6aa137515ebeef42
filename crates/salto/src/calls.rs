//! The calls behind a [`Site`](crate::Site): with a token that is replaced where Salto rejects it,
//! page by page, for the site that the account names.

use std::sync::Arc;

use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use crate::answer::Subject;
use crate::call::{Answer, Api};
use crate::directory::Directory;
use crate::environment::{Account, below};
use crate::error::{CallError, Cause};
use crate::flight::Flight;
use crate::list::Pages;
use crate::token::{Token, Tokens};
use crate::wire::{LockInfo, SiteInfo, readable};

/// What the clones of a site share.
pub(crate) struct Calls {
    pub(crate) integration: String,
    pub(crate) api: Api,
    pub(crate) account: Arc<Account>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) directory: Directory,
    pub(crate) reading: Flight<Result<(), CallError>>,
}

impl Calls {
    /// Calls with a token; once more with another one where Salto answers 401, which says that
    /// nothing happened. The body is made anew for each.
    pub(crate) async fn call(
        &self,
        method: Method,
        url: Url,
        body: impl Fn() -> Option<Value> + Send + Sync,
        subject: Subject,
    ) -> Result<Answer, CallError> {
        let token = self.tokens.get().await?;
        let first =
            self.api.call(token.header(), method.clone(), url.clone(), body(), subject).await;
        if !self.rejected(&token, &first) {
            return first;
        }
        let token = self.tokens.get().await?;
        let second = self.api.call(token.header(), method, url, body(), subject).await;
        self.rejected(&token, &second);
        second
    }

    /// Whether the answer is that the token no longer counts, which is then remembered.
    fn rejected(&self, token: &Token, answer: &Result<Answer, CallError>) -> bool {
        let rejected = answer.as_ref().is_err_and(|error| error.cause == Cause::TokenRejected);
        if rejected {
            self.tokens.reject(token);
        }
        rejected
    }

    pub(crate) async fn get(&self, url: Url, subject: Subject) -> Result<Answer, CallError> {
        self.call(Method::GET, url, || None, subject).await
    }

    pub(crate) async fn list(&self, url: Url, subject: Subject) -> Result<Vec<Value>, CallError> {
        let mut pages = Pages::new(url);
        while let Some(url) = pages.next() {
            pages.add(&self.get(url, subject).await?.body)?;
        }
        Ok(pages.items())
    }

    pub(crate) async fn sites(&self) -> Result<Vec<SiteInfo>, CallError> {
        let url = below(&self.api.environment.api_url, &["v1.2", "sites"]);
        Ok(readable(self.list(url, Subject::Sites).await?, "sites"))
    }

    pub(crate) async fn locks(&self) -> Result<Vec<LockInfo>, CallError> {
        let url = self.site_url(&["locks"]).await?;
        let items = self.list(url, Subject::Site).await.inspect_err(|error| {
            if error.cause == Cause::SiteNotFound {
                self.directory.forget_site();
            }
        })?;
        let locks: Vec<LockInfo> = readable(items, "locks");
        self.directory.replace(&locks, Instant::now());
        Ok(locks)
    }

    /// The site's id: calls know it by its UUID alone \[M\].
    pub(crate) async fn site_id(&self) -> Result<Uuid, CallError> {
        if let Some(id) = self.directory.site_id() {
            return Ok(id);
        }
        let uid = &self.account.site_uid;
        let missing = || CallError::new(Cause::SiteNotFound, uid.clone());
        if self.directory.site_missing(Instant::now()) {
            return Err(missing());
        }
        let is_ours = |site: &SiteInfo| {
            site.site_uid.as_ref().is_some_and(|theirs| theirs.eq_ignore_ascii_case(uid))
        };
        let Some(site) = self.sites().await?.into_iter().find(is_ours) else {
            self.directory.set_site_missing(Instant::now());
            return Err(missing());
        };
        self.directory.set_site_id(site.id);
        Ok(site.id)
    }

    pub(crate) async fn site_url(&self, rest: &[&str]) -> Result<Url, CallError> {
        let site = self.site_id().await?.to_string();
        let path = [&["v1.2", "sites", &site], rest].concat();
        Ok(below(&self.api.environment.api_url, &path))
    }

    pub(crate) async fn read_together(self: &Arc<Self>) -> Result<(), CallError> {
        let interrupted = || Err(CallError::new(Cause::Unavailable, "reading the site broke off"));
        self.reading.join(Arc::clone(self).read_site()).await.unwrap_or_else(interrupted)
    }

    pub(crate) async fn read_site(self: Arc<Self>) -> Result<(), CallError> {
        self.directory.tried(Instant::now());
        let read = self.locks().await.map(drop);
        if let Err(error) = &read
            && error.cause != Cause::NotAsked
        {
            tracing::warn!(integration = self.integration, %error, "the site's locks cannot be read");
        }
        read
    }
}
