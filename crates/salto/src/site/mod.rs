//! The client of one integration: its environment, account and token, its site and locks.

pub(crate) mod calls;
pub(crate) mod entry;
mod event_log;
pub(crate) mod event_stream;
pub(crate) mod info;
pub(crate) mod iqs;
pub(crate) mod lock_list;
mod lock_name;
mod lock_settings;
mod open_times;
pub(crate) mod otp_rejection;
mod privacy_mode;
mod sign_in;
pub(crate) mod signed_in_account;
pub(crate) mod system_user;

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;
use uuid::Uuid;

use self::calls::SiteCalls;
use self::info::{LockInfo, SiteInfo};
use self::lock_list::LockAddress;
use crate::breaker::{Breakers, Caller};
use crate::clock::SaltoClock;
use crate::command::permission::{RenewPermission, SendPermission};
use crate::command::prepared::PreparedLock;
use crate::command::send::{self, Command, CommandKind};
use crate::environment::Environment;
use crate::environment::account::Account;
use crate::error::{CallError, Cause};
use crate::http::client::Http;
use crate::http::salto_client::SaltoClient;
use crate::open_error::OpenError;
use crate::otp::{OtpKey, OtpScheme};
use crate::token::{Now, Token, TokenCache};

/// The client of one integration. Clones share all state.
#[derive(Clone)]
pub struct Site {
    pub(crate) calls: Arc<SiteCalls>,
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
        let caller = Caller::new(integration_id, &account);
        let client = SaltoClient { caller, http, environment, clock, breakers };
        Self::with_time(integration_id, client, account, cache, Arc::new(Utc::now))
    }

    pub(crate) fn with_time(
        integration_id: &str,
        client: SaltoClient,
        account: Account,
        cache: Arc<dyn TokenCache>,
        now: Now,
    ) -> Self {
        Self { calls: Arc::new(SiteCalls::new(integration_id, client, account, cache, now)) }
    }

    /// The integration's id.
    #[must_use]
    pub fn integration_id(&self) -> &str {
        &self.calls.integration
    }

    /// Whether both are clones of one client.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.calls, &other.calls)
    }

    /// The scheme of the account's one-time passwords.
    #[must_use]
    pub fn otp_scheme(&self) -> OtpScheme {
        self.calls.account.otp_scheme
    }

    /// What an open command needs, if this process has all of it: makes no call and does not wait.
    #[must_use]
    pub fn ready(&self, lock: Uuid) -> Option<PreparedLock> {
        let address = self.calls.lock_list.find(lock)?;
        self.ready_at(lock, address)
    }

    /// The same for one of several locks, where all of them that the site has are behind one IQ.
    #[must_use]
    pub fn ready_behind_one_iq(&self, locks: impl Iterator<Item = Uuid>) -> Option<PreparedLock> {
        let (lock, address) = self.calls.lock_list.behind_one_iq(locks)?;
        self.ready_at(lock, address)
    }

    fn ready_at(&self, lock: Uuid, address: LockAddress) -> Option<PreparedLock> {
        if !self.calls.client.clock.is_certain() {
            return None;
        }
        prepared(lock, address, self.calls.tokens.current()?)
    }

    /// Renews the token and the list of locks before they are too old, to be run beside commands,
    /// which use the old ones meanwhile. `Some` only where a renewal is due and none was returned a
    /// moment ago.
    #[must_use]
    pub fn renewal(
        &self,
    ) -> Option<impl Future<Output = Result<(), CallError>> + Send + 'static + use<>> {
        let token = self.calls.tokens.begin_renewal_if_due();
        let locks = self.calls.lock_list.begin_refresh_if_due(Instant::now());
        let calls = Arc::clone(&self.calls);
        (token || locks).then_some(async move {
            if token {
                calls.tokens.renew().await?;
            }
            if locks {
                calls.refresh_locks().await?;
            }
            Ok(())
        })
    }

    /// What an open command needs; asks Salto for what this process does not have.
    ///
    /// # Errors
    /// A call failed, or [`Cause::LockNotFound`]: the site has no such lock, or the lock has no IQ.
    pub async fn prepare(&self, lock: Uuid) -> Result<PreparedLock, CallError> {
        let calls = &self.calls;
        let now = Instant::now();
        if calls.lock_list.is_outdated(lock) {
            calls.refresh_locks_since(now).await?;
        } else if calls.lock_list.find(lock).is_none() {
            // A wrong mapping must not make every request read the site.
            if calls.lock_list.recently_read(now) {
                return Err(CallError::new(Cause::LockNotFound, ""));
            }
            calls.refresh_locks().await?;
        }
        calls.establish_clock().await?;
        let token = calls.tokens.get().await?;
        let address = calls.lock_list.find(lock);
        let address = address.ok_or_else(|| CallError::new(Cause::LockNotFound, ""))?;
        prepared(lock, address, token)
            .ok_or_else(|| CallError::new(Cause::LockNotFound, "the lock has no IQ"))
    }

    /// Sends one open command, with a one-time password where the lock needs one, as `permission` allows, or not at all, and waits for the answer until
    /// `timeout` after the call. Where connecting took so long that the permission is no longer fresh,
    /// the command is sent once `renewal` has renewed it, and otherwise fails as [`Cause::Withdrawn`].
    ///
    /// # Errors
    /// The error has the cause, whether the door may have opened, and whether bytes of the command
    /// were written.
    pub async fn open(
        &self,
        lock: &PreparedLock,
        key: impl Into<Option<&OtpKey>>,
        permission: SendPermission,
        timeout: Duration,
        renewal: &mut impl RenewPermission,
    ) -> Result<(), OpenError> {
        let kind = CommandKind::Open;
        let command = Command { kind, lock, key: key.into(), permission, limit: timeout };
        self.send(command, renewal).await
    }

    /// Rehearses an open command: the same as [`Self::open`], but Salto only checks the one-time
    /// password, by `PUT …/pin` with delta `0000`, and no door is touched (`docs/salto-ks.md`, The
    /// OTP). The user must be activated at the IQ: otherwise this call would activate it.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub async fn rehearse(
        &self,
        lock: &PreparedLock,
        key: impl Into<Option<&OtpKey>>,
        permission: SendPermission,
        timeout: Duration,
        renewal: &mut impl RenewPermission,
    ) -> Result<(), OpenError> {
        let kind = CommandKind::VerifyOtp;
        let command = Command { kind, lock, key: key.into(), permission, limit: timeout };
        self.send(command, renewal).await
    }

    async fn send(
        &self,
        command: Command<'_>,
        renewal: &mut impl RenewPermission,
    ) -> Result<(), OpenError> {
        let calls = &self.calls;
        let result = send::send(&calls.client, &command, renewal).await;
        match result.as_ref().map_err(|error| error.cause) {
            Err(Cause::TokenRejected) => calls.tokens.reject(&command.lock.token),
            Err(Cause::LockNotFound) => calls.lock_list.invalidate(command.lock.lock_id),
            Err(Cause::OtpInvalid) if command.key.is_none() => {
                calls.lock_list.require_otp(command.lock.lock_id);
            }
            Ok(()) | Err(_) => {}
        }
        result
    }

    /// The account's sites, read now.
    ///
    /// # Errors
    /// A call failed.
    pub async fn sites(&self) -> Result<Vec<SiteInfo>, CallError> {
        self.calls.sites().await
    }

    /// The site's locks, read now.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn locks(&self) -> Result<Vec<LockInfo>, CallError> {
        self.calls.locks().await
    }
}

/// Whether a body is a page of a list with an item that can be read, for the program that fuzzes this.
pub(crate) fn has_item(body: &[u8]) -> bool {
    info::has_item(body) || event_log::has_item(body)
}

/// `None`: the lock has no IQ.
fn prepared(lock_id: Uuid, address: LockAddress, token: Arc<Token>) -> Option<PreparedLock> {
    let LockAddress { site_id, iq_id, needs_otp } = address;
    Some(PreparedLock { lock_id, iq_id: iq_id?, needs_otp, site_id, token })
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Site({})", self.calls.integration)
    }
}
