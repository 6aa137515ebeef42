//! The cache policy: what to do about a token, by the record in the cache. It is pure: the caller passes
//! the time.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::fingerprint::Fingerprints;
use super::record::{CredentialsRejection, Login, Token, TokenRecord, TokenState};
use crate::error::{CallError, Cause};

/// A token that replaced a rejected one, and is rejected too, is replaced at this age at the earliest.
const REPLACEMENT_PAUSE: TimeDelta = TimeDelta::seconds(60);
/// Rejected credentials are tried again after this time, doubling up to [`REJECTED_MAX`]
/// (`docs/contract.md`, invariant 7).
const REJECTED_FIRST: TimeDelta = TimeDelta::seconds(60);
const REJECTED_MAX: TimeDelta = TimeDelta::minutes(15);

/// The reason where Salto no longer accepts a login.
pub(super) const LOGIN_ENDED: &str = "Salto no longer accepts the last sign-in (it has ended, was \
    revoked, or the answer with its next refresh token was lost)";

/// What to do about a token.
pub(super) enum CacheDecision {
    /// Use this token.
    Use(Token),
    /// This token is valid, and the next one should be fetched.
    Renew(Token, Fetch),
    /// There is no valid token: fetch one.
    Fetch(Fetch),
    /// There is no valid token, and none may be requested yet.
    Wait(CallError),
    /// There is no valid token, and an operator must sign in, for this reason.
    SignIn(&'static str),
}

/// How to fetch a token.
#[derive(Debug, Clone, Default)]
pub(super) struct Fetch {
    /// The refresh token to use; `None`: use the password.
    pub(super) refresh: Option<SecretString>,
    /// The token replaces one that was answered with 401.
    pub(super) after_rejection: bool,
    /// How often in a row the credentials were rejected before.
    pub(super) failures: u32,
}

/// Decides by the record, the fingerprints of the credentials in use, and the token that was answered
/// with 401 last.
pub(super) fn decide(
    record: Option<&TokenRecord>,
    fingerprints: &Fingerprints,
    rejected: Option<Uuid>,
    now: DateTime<Utc>,
) -> CacheDecision {
    let login = match &fingerprints.login {
        None => None,
        Some(client) => match login(record, client) {
            Ok(login) => Some(login.refresh.clone()),
            Err(why) => return CacheDecision::SignIn(why),
        },
    };
    // Without a login: the refresh token that came with the token, else the password.
    let renewal = |token: &Token| Fetch {
        refresh: login.clone().or_else(|| token.refresh.clone()),
        ..Fetch::default()
    };
    let new_fetch = || Fetch { refresh: login.clone(), ..Fetch::default() };
    let state = record.filter(|record| record.fingerprint == fingerprints.credentials);
    match state.map(|record| &record.state) {
        None => CacheDecision::Fetch(Fetch { after_rejection: rejected.is_some(), ..new_fetch() }),
        Some(TokenState::Granted(token)) if rejected == Some(token.id) => {
            decide_rejected(token, new_fetch(), now)
        }
        Some(TokenState::Granted(token)) if now >= token.expires_at => {
            CacheDecision::Fetch(renewal(token))
        }
        Some(TokenState::Granted(token)) if now >= token.refresh_at() => {
            CacheDecision::Renew(token.clone(), renewal(token))
        }
        Some(TokenState::Granted(token)) => CacheDecision::Use(token.clone()),
        Some(TokenState::Rejected(rejection)) if now < rejection.retry_at => {
            CacheDecision::Wait(rejected_until(rejection, now))
        }
        Some(TokenState::Rejected(rejection)) => {
            CacheDecision::Fetch(Fetch { failures: rejection.failures, ..new_fetch() })
        }
    }
}

/// The login with this client, or the reason why there is none.
fn login<'a>(record: Option<&'a TokenRecord>, client: &str) -> Result<&'a Login, &'static str> {
    match record.map(|record| (&record.login, &record.state)) {
        None => Err("no user has signed in yet"),
        Some((Some(login), _)) if login.client == client => Ok(login),
        Some((Some(_), _)) => {
            Err("the last sign-in was with another client or at another identity provider")
        }
        Some((None, TokenState::Rejected(_))) => Err(LOGIN_ENDED),
        Some((None, TokenState::Granted(_))) => {
            Err("no user has signed in since the flow was changed")
        }
    }
}

/// A token that was answered with 401 is replaced with the password, or with the login where there is no
/// password, and not with its own refresh token: Salto may have revoked both.
fn decide_rejected(token: &Token, new_fetch: Fetch, now: DateTime<Utc>) -> CacheDecision {
    let pause = REPLACEMENT_PAUSE - (now - token.obtained_at);
    if token.after_rejection && pause > TimeDelta::zero() {
        let error = CallError::new(
            Cause::TokenRejected,
            "nor the one that replaced it; the next one is requested after a pause",
        );
        return CacheDecision::Wait(error.with_retry_after(pause.to_std().ok()));
    }
    CacheDecision::Fetch(Fetch { after_rejection: true, ..new_fetch })
}

/// The error during the pause after rejected credentials.
pub(super) fn rejected_until(rejection: &CredentialsRejection, now: DateTime<Utc>) -> CallError {
    let mut error = CallError::new(Cause::CredentialsRejected, "");
    error.code = Some(rejection.code.clone());
    error.with_retry_after((rejection.retry_at - now).to_std().ok())
}

/// The record of credentials that were rejected once more, after `failures` times.
pub(super) fn rejection(code: String, failures: u32, now: DateTime<Utc>) -> CredentialsRejection {
    let doubled = REJECTED_FIRST * 2_i32.pow(failures.min(10));
    CredentialsRejection {
        code,
        failures: failures.saturating_add(1),
        retry_at: now + doubled.min(REJECTED_MAX),
    }
}

#[cfg(test)]
mod tests;
