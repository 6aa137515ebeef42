//! The cache policy: what to do about a token, by the record in the cache. It is pure: the caller passes
//! the time.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::fingerprint::Fingerprints;
use super::record::{CredentialsRejection, Login, Token, TokenRecord, TokenState, UnusableGrant};
use crate::error::{CallError, Cause};

/// A token that Salto granted, and that it refuses or that cannot be used, is replaced after this time,
/// doubling up to [`REST_MAX`] (`docs/contract.md`, invariant 7).
const REST_FIRST: TimeDelta = TimeDelta::seconds(1);
const REST_MAX: TimeDelta = TimeDelta::seconds(60);
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
    /// How many tokens in a row before this one were answered with 401.
    pub(super) rejections: u32,
    /// How often in a row the credentials were rejected before.
    pub(super) failures: u32,
    /// How often in a row no usable token was granted before.
    pub(super) unusable: u32,
}

/// What this process knows beside the record.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LocalKnowledge {
    /// The token that was answered with 401 last.
    pub(super) rejected: Option<Uuid>,
    /// Credentials that were rejected before this time are tried again at once.
    pub(super) retry_since: Option<DateTime<Utc>>,
}

/// Decides by the record, the fingerprints of the credentials in use, and what this process knows.
pub(super) fn decide(
    record: Option<&TokenRecord>,
    fingerprints: &Fingerprints,
    local: LocalKnowledge,
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
        None => {
            let rejections = u32::from(local.rejected.is_some());
            CacheDecision::Fetch(Fetch { rejections, ..new_fetch() })
        }
        Some(TokenState::Granted(token)) if local.rejected == Some(token.id) => {
            decide_rejected(token, new_fetch(), now)
        }
        Some(TokenState::Granted(token)) if now >= token.expires_at => {
            CacheDecision::Fetch(renewal(token))
        }
        Some(TokenState::Granted(token)) if now >= token.refresh_at() => {
            CacheDecision::Renew(token.clone(), renewal(token))
        }
        Some(TokenState::Granted(token)) => CacheDecision::Use(token.clone()),
        Some(TokenState::Unusable(grant)) if now < grant.retry_at => {
            let error =
                CallError::new(Cause::TokenUnusable, "the next one is requested after a rest");
            CacheDecision::Wait(error.with_retry_after((grant.retry_at - now).to_std().ok()))
        }
        Some(TokenState::Unusable(grant)) => {
            CacheDecision::Fetch(Fetch { unusable: grant.failures, ..new_fetch() })
        }
        Some(TokenState::Rejected(rejection))
            if now < rejection.retry_at
                && local.retry_since.is_none_or(|since| rejected_at(rejection) >= since) =>
        {
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
        Some((None, TokenState::Granted(_) | TokenState::Unusable(_))) => {
            Err("no user has signed in since the flow was changed")
        }
    }
}

/// A token that was answered with 401 is replaced with the password, or with the login where there is no
/// password, and not with its own refresh token: Salto may have revoked both. It is replaced at once; its
/// replacement, where it is refused too, after a rest that is longer with each such token in a row.
fn decide_rejected(token: &Token, new_fetch: Fetch, now: DateTime<Utc>) -> CacheDecision {
    let age = now - token.obtained_at;
    let before = token.rejections.checked_sub(1);
    let rest = before.map_or(TimeDelta::zero(), |n| doubled(REST_FIRST, n, REST_MAX) - age);
    if rest > TimeDelta::zero() {
        let error = CallError::new(
            Cause::TokenRejected,
            "nor the one that replaced it; the next one is requested after a rest",
        );
        return CacheDecision::Wait(error.with_retry_after(rest.to_std().ok()));
    }
    // One that was in use for long begins a new row.
    let before = if age < REST_MAX { token.rejections } else { 0 };
    CacheDecision::Fetch(Fetch { rejections: before.saturating_add(1), ..new_fetch })
}

/// The error during the pause after rejected credentials.
pub(super) fn rejected_until(rejection: &CredentialsRejection, now: DateTime<Utc>) -> CallError {
    let mut error = CallError::new(Cause::CredentialsRejected, "");
    error.code = Some(rejection.code.clone());
    error.with_retry_after((rejection.retry_at - now).to_std().ok())
}

/// The record of credentials that were rejected once more, after `failures` times.
pub(super) fn rejection(code: String, failures: u32, now: DateTime<Utc>) -> CredentialsRejection {
    CredentialsRejection {
        code,
        failures: failures.saturating_add(1),
        retry_at: now + doubled(REJECTED_FIRST, failures, REJECTED_MAX),
    }
}

/// When the credentials were rejected.
fn rejected_at(rejection: &CredentialsRejection) -> DateTime<Utc> {
    let failures = rejection.failures.saturating_sub(1);
    rejection.retry_at - doubled(REJECTED_FIRST, failures, REJECTED_MAX)
}

/// The record of one more grant that cannot be used, after `failures` of them.
pub(super) fn unusable(failures: u32, now: DateTime<Utc>) -> UnusableGrant {
    UnusableGrant {
        failures: failures.saturating_add(1),
        retry_at: now + doubled(REST_FIRST, failures, REST_MAX),
    }
}

fn doubled(first: TimeDelta, times: u32, most: TimeDelta) -> TimeDelta {
    (first * 2_i32.pow(times.min(10))).min(most)
}

#[cfg(test)]
mod tests;
