//! One integration's view of Salto KS: its environment, account and token, its site and locks.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::breaker::Breakers;
use crate::call::Api;
use crate::calls::Calls;
use crate::clock::SaltoClock;
use crate::directory::{Directory, Place};
use crate::entries;
use crate::environment::{Account, Environment};
use crate::error::{CallError, Cause, OpenError};
use crate::flight::Flight;
use crate::http_client::Http;
use crate::open::{self, Order};
use crate::otp::{OtpKey, OtpScheme};
use crate::token::{Now, Token, TokenCache, Tokens};
use crate::wire::{LockInfo, SiteInfo};

/// The client of one integration. Clones share everything.
#[derive(Clone)]
pub struct Site {
    pub(crate) calls: Arc<Calls>,
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

impl Place {
    fn prepare(self, lock_id: Uuid, token: Arc<Token>) -> Option<Prepared> {
        Some(Prepared { lock_id, iq_id: self.iq_id?, site_id: self.site_id, token })
    }
}

impl Site {
    /// A client for the integration of that id. Makes no call.
    #[must_use]
    pub fn new(
        integration_id: &str,
        http: Http,
        environment: Arc<Environment>,
        clock: Arc<SaltoClock>,
        breakers: Arc<Breakers>,
        account: Account,
        cache: Arc<dyn TokenCache>,
    ) -> Self {
        let api = Api { http, environment, clock, breakers };
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
        let tokens = Tokens::new(integration_id, api.clone(), account.clone(), cache, now);
        Self {
            calls: Arc::new(Calls {
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
        &self.calls.integration
    }

    /// The scheme of the account's one-time passwords.
    #[must_use]
    pub fn otp_scheme(&self) -> OtpScheme {
        self.calls.account.otp_scheme
    }

    /// What an open command needs, if all of it is at hand: no call, no waiting.
    #[must_use]
    pub fn ready(&self, lock: Uuid) -> Option<Prepared> {
        let place = self.calls.directory.find(lock)?;
        place.prepare(lock, self.calls.tokens.at_hand()?)
    }

    /// The same for any of several locks, where all of them that the site has are behind one IQ.
    #[must_use]
    pub fn ready_behind_one_iq(&self, locks: impl Iterator<Item = Uuid>) -> Option<Prepared> {
        let (lock, place) = self.calls.directory.behind_one_iq(locks)?;
        place.prepare(lock, self.calls.tokens.at_hand()?)
    }

    /// Renews what is about to grow old (the token, the list of locks): to be run beside the
    /// commands, which are served by the old meanwhile. `Some` once in a while, when there is
    /// something to renew; apart from this, no call is made that nobody asked for.
    #[must_use]
    pub fn renewal(
        &self,
    ) -> Option<impl Future<Output = Result<(), CallError>> + Send + 'static + use<>> {
        let (token, locks) = (self.calls.tokens.due(), self.calls.directory.due(Instant::now()));
        let calls = Arc::clone(&self.calls);
        (token || locks).then_some(async move {
            if token {
                calls.tokens.renew().await?;
            }
            if locks {
                calls.read_together().await?;
            }
            Ok(())
        })
    }

    /// What an open command needs, asking Salto for what is missing.
    ///
    /// # Errors
    /// A call failed, or the site has no such lock.
    pub async fn prepare(&self, lock: Uuid) -> Result<Prepared, CallError> {
        let calls = &self.calls;
        if calls.directory.find(lock).is_none() {
            // A wrong mapping must not make us read the site at every request.
            if calls.directory.just_read(Instant::now()) {
                return Err(CallError::new(Cause::LockNotFound, ""));
            }
            calls.read_together().await?;
        }
        let token = calls.tokens.get().await?;
        let place = calls.directory.find(lock);
        let place = place.ok_or_else(|| CallError::new(Cause::LockNotFound, ""))?;
        place
            .prepare(lock, token)
            .ok_or_else(|| CallError::new(Cause::LockNotFound, "the lock has no IQ"))
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
        self.order((Order::Open, prepared), key, leave_before, timeout).await
    }

    /// Does all that [`Self::open`] does, but asks Salto only to look at the one-time password, by a
    /// `PUT` of the PIN with delta `0000`: no door is touched \[M\]. Only where this user is activated
    /// at the IQ: elsewhere it would be.
    ///
    /// # Errors
    /// As [`Self::open`] tells them, of the probe.
    pub async fn rehearse(
        &self,
        prepared: &Prepared,
        key: &OtpKey,
        leave_before: DateTime<Utc>,
        timeout: Duration,
    ) -> Result<(), OpenError> {
        self.order((Order::Probe, prepared), key, leave_before, timeout).await
    }

    async fn order(
        &self,
        (order, prepared): (Order, &Prepared),
        key: &OtpKey,
        leave_before: DateTime<Utc>,
        timeout: Duration,
    ) -> Result<(), OpenError> {
        let calls = &self.calls;
        let done = open::open(&calls.api, (order, prepared), key, leave_before, timeout).await;
        match done.as_ref().map_err(|error| error.cause) {
            Err(Cause::TokenRejected) => calls.tokens.reject(&prepared.token),
            Err(Cause::LockNotFound) => calls.directory.doubt(prepared.lock_id),
            Ok(()) | Err(_) => {}
        }
        done
    }

    /// The account's sites.
    ///
    /// # Errors
    /// A call failed.
    pub async fn sites(&self) -> Result<Vec<SiteInfo>, CallError> {
        self.calls.sites().await
    }

    /// The site's locks, read anew.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn locks(&self) -> Result<Vec<LockInfo>, CallError> {
        self.calls.locks().await
    }

    /// When the site's event log first shows a remote opening of the lock since then, in times of
    /// this machine's clock; an entry up to a second older counts, as entries may carry whole
    /// seconds. Whoever opened it remotely: the log is not asked who. All of it takes no longer
    /// than `limit`.
    ///
    /// # Errors
    /// [`Cause::Forbidden`] where this account may not read the log, or Salto does not have one;
    /// or the call failed.
    pub async fn opened_since(
        &self,
        lock: Uuid,
        since: DateTime<Utc>,
        limit: Duration,
    ) -> Result<Option<DateTime<Utc>>, CallError> {
        let asked = timeout(limit, entries::opened_since(&self.calls, lock, since)).await;
        asked.unwrap_or_else(|_| {
            Err(CallError::new(
                Cause::Unanswered,
                "the event log was not read within the time limit",
            ))
        })
    }
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Site({})", self.calls.integration)
    }
}
