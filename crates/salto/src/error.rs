//! What can go wrong with a call, told by what to do about it; and for the open command, whether the
//! door may have opened all the same.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::store::StoreError;

/// Why a call brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// 401: this token no longer counts. It is replaced by the next call that needs one.
    TokenRejected,
    /// The identity provider takes client, user or password no more; somebody must act.
    CredentialsRejected,
    /// Nobody is signed in for an integration whose user signs in by the browser, or the sign-in no
    /// longer counts: somebody must do it again.
    NotSignedIn,
    /// Salto understood and says no: a missing right, or a request it does not accept.
    Forbidden,
    /// The site has no such lock, or the lock has no IQ.
    LockNotFound,
    /// The account has no site of that UID.
    SiteNotFound,
    /// The site has no such IQ.
    IqNotFound,
    /// Salto gives an IQ's secret and PIN only until the user is activated there, and that is so.
    AlreadyActivated,
    /// This user was never activated at the IQ, or is not any more \[M\].
    NotActivated,
    /// The one-time password was wrong. Never to be tried again blindly: Salto blocks the user.
    OtpInvalid,
    /// The user is blocked at this IQ, for about 20 minutes \[M\].
    OtpBlocked,
    /// The IQ is not connected to Salto.
    IqOffline,
    /// 429: too many calls.
    RateLimited,
    /// Salto or the way to it is out of order.
    Unavailable,
    /// The host keeps failing: for a moment this process makes no calls to it, and made none here.
    NotAsked,
    /// The call left and no answer came.
    Unanswered,
    /// The command did not leave, as its time was over.
    Late,
    /// Redis, which holds the tokens, is in trouble.
    Cache,
}

impl Cause {
    /// Plain words for people.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::TokenRejected => "Salto does not accept the access token",
            Self::CredentialsRejected => "Salto does not accept the client, user name or password",
            Self::NotSignedIn => "nobody is signed in at Salto for this integration",
            Self::Forbidden => "Salto refuses this",
            Self::LockNotFound => "the site has no such lock",
            Self::SiteNotFound => "the account has no such site",
            Self::IqNotFound => "the site has no such IQ",
            Self::AlreadyActivated => "this user is already activated at the IQ",
            Self::NotActivated => "this user is not activated at the IQ",
            Self::OtpInvalid => "Salto does not accept the one-time password",
            Self::OtpBlocked => "the user is blocked at the IQ after wrong one-time passwords",
            Self::IqOffline => "the IQ is not online",
            Self::RateLimited => "Salto asks for fewer calls",
            Self::Unavailable => "Salto is not available",
            Self::NotAsked => "Salto keeps failing and is not asked for a moment",
            Self::Unanswered => "Salto did not answer",
            Self::Late => "the time for this was over before it could be sent",
            Self::Cache => "Redis, which holds the tokens, is in trouble",
        }
    }
}

/// A failed call. Shows plain words, the status and Salto's error code; never a body, a name or a
/// secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// Why.
    pub cause: Cause,
    /// How long Salto, the pause after rejected credentials, or a host that keeps failing
    /// ([`Cause::NotAsked`]) asks to wait.
    pub retry_after: Option<Duration>,
    /// The answer's HTTP status, where one came.
    pub status: Option<u16>,
    /// Salto's `ErrorCode`, where one came.
    pub code: Option<String>,
    /// More in our own words; empty where the cause says it all.
    pub(crate) detail: Cow<'static, str>,
}

impl CallError {
    pub(crate) fn new(cause: Cause, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { cause, retry_after: None, status: None, code: None, detail: detail.into() }
    }

    pub(crate) fn after(mut self, retry_after: Option<Duration>) -> Self {
        self.retry_after = retry_after;
        self
    }

    /// An answer that cannot be made sense of, which is as good as none.
    pub(crate) fn unreadable(what: &'static str) -> Self {
        Self::new(Cause::Unavailable, what)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.cause.words())?;
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
    /// Certainly not: it may be sent again until the request expires.
    NeverHappened,
    /// It may have.
    Unknown,
    /// Certainly not, and sending it again brings the same answer.
    Refused,
}

/// A failed open command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenError {
    /// May the door have opened?
    pub certainty: Certainty,
    /// Why it failed.
    pub cause: Cause,
    /// Whether the command began to leave: such commands count as attempts.
    pub written: bool,
    /// How long Salto, or a host that keeps failing ([`Cause::NotAsked`]), asks to wait.
    pub retry_after: Option<Duration>,
    /// The answer's HTTP status, where one came.
    pub status: Option<u16>,
    /// Salto's `ErrorCode`, where one came.
    pub code: Option<String>,
    pub(crate) detail: Cow<'static, str>,
}

impl OpenError {
    pub(crate) fn from_call(error: CallError, certainty: Certainty, written: bool) -> Self {
        let CallError { cause, retry_after, status, code, detail } = error;
        Self { certainty, cause, written, retry_after, status, code, detail }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = CallError {
            cause: self.cause,
            retry_after: self.retry_after,
            status: self.status,
            code: self.code.clone(),
            detail: self.detail.clone(),
        };
        write!(f, "{call}")
    }
}

impl std::error::Error for OpenError {}
