//! A token, and the record of an integration in the cache.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// An access token. Its times are of the clock of the process that fetched it.
#[derive(Debug, Clone)]
pub struct Token {
    /// An id of postern's own, to compare tokens without their secrets.
    pub id: Uuid,
    /// The bearer token.
    pub access: SecretString,
    /// The refresh token for the next one; only with the scope `offline_access` (`docs/salto-ks.md`,
    /// Tokens).
    pub refresh: Option<SecretString>,
    /// When the token was requested.
    pub obtained_at: DateTime<Utc>,
    /// When the token expires.
    pub expires_at: DateTime<Utc>,
    /// How many tokens in a row before this one were answered with 401.
    pub rejections: u32,
}

impl Token {
    /// The time from which the next token is fetched while this one is used: a tenth of its lifetime
    /// before its end, at most a minute.
    pub(crate) fn refresh_at(&self) -> DateTime<Utc> {
        let tenth = (self.expires_at - self.obtained_at) / 10;
        self.expires_at - tenth.min(TimeDelta::seconds(60))
    }

    /// The `Authorization` header.
    pub(crate) fn header(&self) -> HeaderValue {
        bearer(&self.access)
    }
}

/// The `Authorization` header of an access token.
pub(crate) fn bearer(access: &SecretString) -> HeaderValue {
    let text = Zeroizing::new(format!("Bearer {}", access.expose_secret()));
    // The token was checked when it was granted; Salto answers 401 to a header without one.
    let mut header =
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
    header.set_sensitive(true);
    header
}

/// Credentials that the identity provider rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsRejection {
    /// The OAuth error, e.g. `invalid_grant`.
    pub code: String,
    /// How often they were rejected in a row.
    pub failures: u32,
    /// They are not tried again before this time.
    pub retry_at: DateTime<Utc>,
}

/// Salto granted no token that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableGrant {
    /// How often in a row.
    pub failures: u32,
    /// None is requested before this time.
    pub retry_at: DateTime<Utc>,
}

/// The result of the last token request.
#[derive(Debug, Clone)]
pub enum TokenState {
    /// A token was granted.
    Granted(Token),
    /// The credentials were rejected.
    Rejected(CredentialsRejection),
    /// What was granted cannot be used.
    Unusable(UnusableGrant),
}

/// The record of an integration in the cache.
#[derive(Debug, Clone)]
pub struct TokenRecord {
    /// The fingerprint of environment and credentials; with others the record is not used.
    pub fingerprint: String,
    /// The result of the last token request.
    pub state: TokenState,
    /// The last sign-in by the browser. It outlives the token, and rejections for another cause; there is
    /// none where Salto no longer accepts it.
    pub login: Option<Login>,
}

/// A sign-in by the browser, which is kept as its refresh token.
#[derive(Debug, Clone)]
pub struct Login {
    /// The refresh token for the next token. Each use may replace it; a replaced one must not be used
    /// again.
    pub refresh: SecretString,
    /// The fingerprint of the identity provider and the client. The login is valid with no others.
    pub client: String,
}

impl TokenRecord {
    /// How long the record is kept: refresh tokens and counted failures outlive the token. How long Salto
    /// keeps a sign-in is not known, so that its end is left to Salto.
    pub(crate) fn keep_until(&self) -> DateTime<Utc> {
        let until = match &self.state {
            TokenState::Granted(token) => token.expires_at,
            TokenState::Rejected(rejection) => rejection.retry_at,
            TokenState::Unusable(grant) => grant.retry_at,
        };
        until + TimeDelta::days(if self.login.is_some() { 400 } else { 1 })
    }

    /// Whether the other record has the same content.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.to_json() == other.to_json()
    }

    pub(crate) fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let state = match &self.state {
            TokenState::Granted(token) => StateJson::Granted {
                id: token.id,
                access: token.access.expose_secret().into(),
                refresh: token.refresh.as_ref().map(|refresh| refresh.expose_secret().into()),
                obtained_at: token.obtained_at,
                expires_at: token.expires_at,
                after_rejection: token.rejections > 0,
                rejections: token.rejections,
            },
            TokenState::Unusable(UnusableGrant { failures, retry_at }) => {
                StateJson::Unusable { failures: *failures, retry_at: *retry_at }
            }
            TokenState::Rejected(CredentialsRejection { code, failures, retry_at }) => {
                StateJson::Rejected {
                    code: code.as_str().into(),
                    failures: *failures,
                    retry_at: *retry_at,
                }
            }
        };
        let fingerprint = self.fingerprint.as_str().into();
        let login = self.login.as_ref().map(|Login { refresh, client }| LoginJson {
            refresh: refresh.expose_secret().into(),
            client: client.as_str().into(),
        });
        // Texts, numbers and times can always be written as JSON.
        Zeroizing::new(
            serde_json::to_vec(&RecordJson { fingerprint, state, login }).unwrap_or_default(),
        )
    }

    /// `None`: the text is not such a record.
    pub(crate) fn from_json(json: &[u8]) -> Option<Self> {
        let RecordJson { fingerprint, state, login } = serde_json::from_slice(json).ok()?;
        let state = match state {
            StateJson::Granted {
                id,
                access,
                refresh,
                obtained_at,
                expires_at,
                after_rejection,
                rejections,
            } => TokenState::Granted(Token {
                id,
                access: access.into_owned().into(),
                refresh: refresh.map(|refresh| refresh.into_owned().into()),
                obtained_at,
                expires_at,
                rejections: rejections.max(u32::from(after_rejection)),
            }),
            StateJson::Unusable { failures, retry_at } => {
                TokenState::Unusable(UnusableGrant { failures, retry_at })
            }
            StateJson::Rejected { code, failures, retry_at } => {
                TokenState::Rejected(CredentialsRejection {
                    code: code.into_owned(),
                    failures,
                    retry_at,
                })
            }
        };
        let login = login.map(|LoginJson { refresh, client }| Login {
            refresh: refresh.into_owned().into(),
            client: client.into_owned(),
        });
        Some(Self { fingerprint: fingerprint.into_owned(), state, login })
    }
}

#[derive(Serialize, Deserialize)]
struct RecordJson<'a> {
    fingerprint: Cow<'a, str>,
    state: StateJson<'a>,
    #[serde(default)]
    login: Option<LoginJson<'a>>,
}

#[derive(Serialize, Deserialize)]
struct LoginJson<'a> {
    refresh: Cow<'a, str>,
    client: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateJson<'a> {
    Granted {
        id: Uuid,
        access: Cow<'a, str>,
        refresh: Option<Cow<'a, str>>,
        obtained_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
        /// Read by earlier versions.
        after_rejection: bool,
        #[serde(default)]
        rejections: u32,
    },
    Unusable {
        failures: u32,
        retry_at: DateTime<Utc>,
    },
    Rejected {
        code: Cow<'a, str>,
        failures: u32,
        retry_at: DateTime<Utc>,
    },
}
