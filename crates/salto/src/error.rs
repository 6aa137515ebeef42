//! Errors of calls, by cause; for the open command also whether the door may have opened.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::redis::query::StoreError;

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// 401: Salto no longer accepts this token. The next call that needs one replaces it.
    TokenRejected,
    /// Salto granted no token that can be used. The next one is requested after a rest.
    TokenUnusable,
    /// The identity provider does not accept client, user or password; an operator must act.
    CredentialsRejected,
    /// The integration's user signs in by the browser and has not, or Salto has ended the sign-in:
    /// an operator must sign in again.
    NotSignedIn,
    /// Salto understood the call and refuses it: a right is missing, or the request is not accepted.
    Forbidden,
    /// The site has no such lock, or the lock has no IQ.
    LockNotFound,
    /// The account has no site of that UID.
    SiteNotFound,
    /// The site has no such IQ.
    IqNotFound,
    /// Salto gives an IQ's secret and PIN only until the user is activated there, and the user is
    /// (`docs/salto-ks.md`, Connect API).
    AlreadyActivated,
    /// This user was never activated at the IQ, or no longer is (`docs/salto-ks.md`, Connect API).
    NotActivated,
    /// The one-time password was wrong. It must not be retried without a change: repeated failures
    /// block the user (`docs/salto-ks.md`, The OTP).
    OtpInvalid,
    /// The one-time password was made for a wrong time. The clock offset is correct by now.
    OtpMistimed,
    /// The one-time password was made for an IQ that the lock no longer belongs to. The list of locks is
    /// correct by now.
    LockMoved,
    /// The user is blocked at this IQ, for about 20 minutes (`docs/salto-ks.md`, The OTP).
    OtpBlocked,
    /// The IQ is not connected to Salto.
    IqOffline,
    /// The IQ did not carry the command out, and gave a code that is not known (`docs/salto-ks.md`, Connect
    /// API).
    IqRefused,
    /// 429: too many calls.
    RateLimited,
    /// Salto, or the network on the way to it, does not work.
    Unavailable,
    /// The circuit breaker of the host is open: this process sent no call.
    BreakerOpen,
    /// The call was sent and no answer came.
    Unanswered,
    /// The deadline passed before the command was sent.
    Expired,
    /// The caller did not renew the command's permission: what it rests on has changed, or was not read
    /// again in time.
    Withdrawn,
    /// Redis, which stores the tokens, failed.
    Cache,
}

impl Cause {
    /// The description that errors show.
    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::TokenRejected => "Salto does not accept the access token",
            Self::TokenUnusable => "Salto granted no usable token",
            Self::CredentialsRejected => "Salto does not accept the client, user name or password",
            Self::NotSignedIn => "no user is signed in at Salto for this integration",
            Self::Forbidden => "Salto refuses this",
            Self::LockNotFound => "the site has no such lock",
            Self::SiteNotFound => "the account has no such site",
            Self::IqNotFound => "the site has no such IQ",
            Self::AlreadyActivated => "this user is already activated at the IQ",
            Self::NotActivated => "this user is not activated at the IQ",
            Self::OtpInvalid => "Salto does not accept the one-time password",
            Self::OtpMistimed => {
                "Salto rejected a one-time password that was made for a wrong time"
            }
            Self::LockMoved => {
                "Salto rejected a one-time password, as the lock was moved to another IQ"
            }
            Self::OtpBlocked => "the user is blocked at the IQ after wrong one-time passwords",
            Self::IqOffline => "the IQ is not online",
            Self::IqRefused => "the IQ did not carry the command out",
            Self::RateLimited => "Salto asks for fewer calls",
            Self::Unavailable => "Salto is not available",
            Self::BreakerOpen => "no call was sent, because a circuit breaker is open",
            Self::Unanswered => "Salto did not answer",
            Self::Expired => "the deadline passed before the command could be sent",
            Self::Withdrawn => "the command was withdrawn before it was sent",
            Self::Cache => "Redis, which stores the tokens, failed",
        }
    }

    /// The certainty where it is known that no door opened: only whether the same call can succeed
    /// without a change is left to say.
    pub(crate) const fn certainty_without_effect(self) -> Certainty {
        match self {
            Self::CredentialsRejected
            | Self::NotSignedIn
            | Self::Forbidden
            | Self::LockNotFound
            | Self::SiteNotFound
            | Self::IqNotFound
            | Self::AlreadyActivated
            | Self::NotActivated
            | Self::OtpInvalid
            | Self::OtpMistimed
            | Self::LockMoved
            | Self::OtpBlocked => Certainty::Refused,
            Self::TokenRejected
            | Self::TokenUnusable
            | Self::IqOffline
            | Self::IqRefused
            | Self::RateLimited
            | Self::Unavailable
            | Self::BreakerOpen
            | Self::Unanswered
            | Self::Expired
            | Self::Withdrawn
            | Self::Cache => Certainty::NeverHappened,
        }
    }
}

/// A failed call. It shows the cause, the status and Salto's error code; never a body, a name or a
/// secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// Why the call failed.
    pub cause: Cause,
    /// The wait before the next call: from Salto's `Retry-After`, from the pause after rejected
    /// credentials or unusable tokens, or from an open circuit breaker ([`Cause::BreakerOpen`]).
    pub retry_after: Option<Duration>,
    /// The answer's HTTP status; `None` without an answer.
    pub status: Option<u16>,
    /// Salto's `ErrorCode`, or the OAuth error; `None` where the answer has none.
    pub code: Option<String>,
    /// The code of the IQ, where it has the form of one: only with [`Cause::IqRefused`].
    pub iq_code: Option<String>,
    /// In this crate's own text; empty where the cause says enough.
    pub(crate) detail: Cow<'static, str>,
}

impl CallError {
    pub(crate) fn new(cause: Cause, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self { cause, retry_after: None, status: None, code: None, iq_code: None, detail }
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// An answer that cannot be read. It is treated like no answer.
    pub(crate) fn unreadable(what: &'static str) -> Self {
        Self::new(Cause::Unavailable, what)
    }

    /// Whether the door may have opened where this call prepared an open command: it did not, because
    /// the command was not sent. The answer tells whether the call can succeed without a change.
    #[must_use]
    pub const fn certainty(&self) -> Certainty {
        self.cause.certainty_without_effect()
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause.description())?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        match (self.status, &self.code) {
            (Some(status), Some(code)) => write!(f, " (HTTP {status}, code {code})"),
            (Some(status), None) => write!(f, " (HTTP {status})"),
            (None, Some(code)) => write!(f, " (code {code})"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for CallError {}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Self::new(Cause::Cache, error.to_string())
    }
}

/// Whether a failed open command may have opened the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// The door did not open. The command may be sent again until the request expires.
    NeverHappened,
    /// The door may have opened.
    Unknown,
    /// The door did not open, and the same command would get the same answer.
    Refused,
}
