//! One integration's view of Salto KS: its environment, account and token, its site and locks.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use crate::call::{Answer, Api};
use crate::clock::SaltoClock;
use crate::directory::Directory;
use crate::environment::{Account, Environment, below};
use crate::error::{CallError, Cause, OpenError};
use crate::flight::Flight;
use crate::http_client::Http;
use crate::list::Pages;
use crate::open;
use crate::otp::{OtpKey, OtpScheme};
use crate::token::{Now, Token, TokenCache, Tokens};
use crate::wire::{IqInfo, LockInfo, SiteInfo, readable};

/// The client of one integration. Clones share everything.
#[derive(Clone)]
pub struct Site {
    inner: Arc<Inner>,
}

struct Inner {
    integration: String,
    api: Api,
    account: Arc<Account>,
    tokens: Arc<Tokens>,
    directory: Directory,
    reading: Flight<Result<(), CallError>>,
}

/// Everything an open command needs beside the key.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The lock.
    pub lock_id: Uuid,
    /// The IQ it is reached through.
    pub iq_id: String,
    /// The site it belongs to.
    pub site_id: Uuid,
    pub(crate) token: Arc<Token>,
}

/// How Salto gives a PIN.
#[derive(Debug)]
pub enum PinAnswer {
    /// It goes to the user by mail (some tenants: SMS) [M].
    Mailed,
    /// It is in the answer [S2].
    Shown(SecretString),
}

impl Site {
    /// A client for the integration of that id. Makes no call.
    #[must_use]
    pub fn new(
        integration_id: &str,
        http: Http,
        environment: Arc<Environment>,
        clock: Arc<SaltoClock>,
        account: Account,
        cache: Arc<dyn TokenCache>,
    ) -> Self {
        let api = Api { http, environment, clock };
        Self::with_time(integration_id, api, account, cache, Arc::new(Utc::now))
    }

    pub(crate) fn with_time(
        integration_id: &str,
        api: Api,
        account: Account,
        cache: Arc<dyn TokenCache>,
        now: Now,
    ) -> Self {
        let account = Arc::new(account);
        let (http, environment) = (api.http.clone(), Arc::clone(&api.environment));
        let tokens = Tokens::new(integration_id, http, environment, account.clone(), cache, now);
        Self {
            inner: Arc::new(Inner {
                integration: integration_id.to_owned(),
                api,
                account,
                tokens: Arc::new(tokens),
                directory: Directory::default(),
                reading: Flight::new(),
            }),
        }
    }

    /// The integration's id.
    #[must_use]
    pub fn integration_id(&self) -> &str {
        &self.inner.integration
    }

    /// The scheme of the account's one-time passwords.
    #[must_use]
    pub fn otp_scheme(&self) -> OtpScheme {
        self.inner.account.otp_scheme
    }

    /// What an open command needs, if all of it is at hand: no call, no waiting. What is about to
    /// grow old is renewed in the background. Needs a tokio runtime.
    #[must_use]
    pub fn ready(&self, lock: Uuid) -> Option<Prepared> {
        let place = self.inner.directory.find(lock)?;
        let token = self.inner.tokens.at_hand()?;
        if self.inner.directory.due(Instant::now()) {
            drop(self.inner.reading.start(Arc::clone(&self.inner).read_site()));
        }
        Some(Prepared { lock_id: lock, iq_id: place.iq_id?, site_id: place.site_id, token })
    }

    /// What an open command needs, asking Salto for what is missing.
    ///
    /// # Errors
    /// A call failed, or the site has no such lock.
    pub async fn prepare(&self, lock: Uuid) -> Result<Prepared, CallError> {
        let inner = &self.inner;
        if inner.directory.find(lock).is_none() {
            if let Some(rest) = inner.directory.rest(Instant::now()) {
                let error = CallError::new(Cause::LockNotFound, "the site was read just now");
                return Err(error.after(Some(rest)));
            }
            inner.read_together().await?;
        }
        inner.tokens.get().await?;
        let found = inner.directory.find(lock);
        let no_iq = found.as_ref().is_some_and(|place| place.iq_id.is_none());
        let missing = if no_iq { "the lock has no IQ" } else { "" };
        let prepared = self.ready(lock);
        prepared.ok_or_else(|| CallError::new(Cause::LockNotFound, missing))
    }

    /// Sends one open command: before `leave_before` (of this machine's clock) or not at all; the
    /// answer is waited for until `timeout` after the call.
    ///
    /// # Errors
    /// Tells whether the door may have opened, why not, and whether the command began to leave.
    pub async fn open(
        &self,
        prepared: &Prepared,
        key: &OtpKey,
        leave_before: DateTime<Utc>,
        timeout: Duration,
    ) -> Result<(), OpenError> {
        let opened = open::open(&self.inner.api, prepared, key, leave_before, timeout).await;
        match opened.as_ref().map_err(|error| error.cause) {
            Err(Cause::TokenRejected) => self.inner.tokens.reject(&prepared.token),
            Err(Cause::LockNotFound) => self.inner.directory.doubt(prepared.lock_id),
            Ok(()) | Err(_) => {}
        }
        opened
    }

    /// The account's sites.
    ///
    /// # Errors
    /// A call failed.
    pub async fn sites(&self) -> Result<Vec<SiteInfo>, CallError> {
        self.inner.sites().await
    }

    /// The site's locks, read anew.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn locks(&self) -> Result<Vec<LockInfo>, CallError> {
        self.inner.locks().await
    }

    /// The site's IQs, read anew.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn iqs(&self) -> Result<Vec<IqInfo>, CallError> {
        let url = self.inner.site_url(&["iqs"]).await?;
        Ok(readable(self.inner.list(url, Cause::SiteNotFound).await?, "iqs"))
    }

    /// The secret of an IQ where this user was never activated [M].
    ///
    /// # Errors
    /// [`Cause::AlreadyActivated`] once it was; or the call failed.
    pub async fn read_secret(&self, iq: &str) -> Result<SecretString, CallError> {
        let url = self.inner.site_url(&["iqs", iq, "secret"]).await?;
        let answer = self.inner.get(url, Cause::IqNotFound).await?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match body["secret"].as_str() {
            Some(secret) if !secret.is_empty() => Ok(secret.into()),
            _ => Err(CallError::unreadable("the answer holds no secret")),
        }
    }

    /// Asks Salto for the IQ's PIN [M].
    ///
    /// # Errors
    /// [`Cause::AlreadyActivated`] once this user is activated there; or the call failed.
    pub async fn request_pin(&self, iq: &str) -> Result<PinAnswer, CallError> {
        let mut url = self.inner.site_url(&["iqs", iq, "pin"]).await?;
        url.set_query(Some("send_email=true"));
        let answer = self.inner.get(url, Cause::IqNotFound).await?;
        Ok(shown_pin(&answer).map_or(PinAnswer::Mailed, PinAnswer::Shown))
    }

    /// Proves secret and PIN by a one-time password, and moves the PIN by `delta` (4 digits,
    /// subtracted digit by digit; `0000` keeps it) [M].
    ///
    /// # Errors
    /// [`Cause::OtpInvalid`] where secret or PIN are wrong; or the call failed.
    pub async fn put_pin(&self, iq: &str, key: &OtpKey, delta: &str) -> Result<(), CallError> {
        let inner = &self.inner;
        let url = inner.site_url(&["iqs", iq, "pin"]).await?;
        let body = || {
            let otp = key.otp(inner.api.clock.now());
            Some(json!({"otp": otp.expose(), "delta": delta}))
        };
        inner.call(Method::PUT, url, body, Cause::IqNotFound).await.map(drop)
    }
}

/// The PIN in an answer's body: four digits, alone or as `pin` of an object.
fn shown_pin(answer: &Answer) -> Option<SecretString> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let pin = body.as_str().or_else(|| body["pin"].as_str())?;
    (pin.len() == 4 && pin.bytes().all(|b| b.is_ascii_digit())).then(|| pin.into())
}

impl Inner {
    /// Calls with a token; once more with another one where Salto answers 401, which says that
    /// nothing happened. The body is made anew for each.
    async fn call(
        &self,
        method: Method,
        url: Url,
        body: impl Fn() -> Option<Value> + Send + Sync,
        missing: Cause,
    ) -> Result<Answer, CallError> {
        let token = self.tokens.get().await?;
        let first = self.api.call(&token, method.clone(), url.clone(), body(), missing).await;
        if !self.rejected(&token, &first) {
            return first;
        }
        let token = self.tokens.get().await?;
        let second = self.api.call(&token, method, url, body(), missing).await;
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

    async fn get(&self, url: Url, missing: Cause) -> Result<Answer, CallError> {
        self.call(Method::GET, url, || None, missing).await
    }

    async fn list(&self, url: Url, missing: Cause) -> Result<Vec<Value>, CallError> {
        let mut pages = Pages::new(url);
        while let Some(url) = pages.next() {
            pages.add(&self.get(url, missing).await?.body)?;
        }
        Ok(pages.items())
    }

    async fn sites(&self) -> Result<Vec<SiteInfo>, CallError> {
        let url = below(&self.api.environment.api_url, &["v1.2", "sites"]);
        Ok(readable(self.list(url, Cause::Unavailable).await?, "sites"))
    }

    async fn locks(&self) -> Result<Vec<LockInfo>, CallError> {
        let url = self.site_url(&["locks"]).await?;
        let locks: Vec<LockInfo> = readable(self.list(url, Cause::SiteNotFound).await?, "locks");
        self.directory.replace(&locks, Instant::now());
        Ok(locks)
    }

    /// The site's id: calls know it by its UUID alone [M].
    async fn site_id(&self) -> Result<Uuid, CallError> {
        if let Some(id) = self.directory.site_id() {
            return Ok(id);
        }
        let uid = &self.account.site_uid;
        let is_ours = |site: &SiteInfo| {
            site.site_uid.as_ref().is_some_and(|theirs| theirs.eq_ignore_ascii_case(uid))
        };
        let site = self.sites().await?.into_iter().find(is_ours);
        let site = site.ok_or_else(|| CallError::new(Cause::SiteNotFound, "check site_uid"))?;
        self.directory.set_site_id(site.id);
        Ok(site.id)
    }

    async fn site_url(&self, rest: &[&str]) -> Result<Url, CallError> {
        let site = self.site_id().await?.to_string();
        let path = [&["v1.2", "sites", &site], rest].concat();
        Ok(below(&self.api.environment.api_url, &path))
    }

    async fn read_together(self: &Arc<Self>) -> Result<(), CallError> {
        let interrupted = || Err(CallError::new(Cause::Unavailable, "reading the site broke off"));
        self.reading.join(Arc::clone(self).read_site()).await.unwrap_or_else(interrupted)
    }

    async fn read_site(self: Arc<Self>) -> Result<(), CallError> {
        self.directory.tried(Instant::now());
        self.locks().await.map(drop)
    }
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Site({})", self.inner.integration)
    }
}
