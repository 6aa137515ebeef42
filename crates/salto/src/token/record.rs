//! A token, and what the cache remembers of an integration.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// An access token and what came with it. Its times are of the clock of whoever fetched it.
#[derive(Debug, Clone)]
pub struct Token {
    /// Ours: tells tokens apart without comparing them.
    pub id: Uuid,
    /// The bearer token.
    pub access: SecretString,
    /// With which the next one may be had; only where the scope asked for it \[S1\].
    pub refresh: Option<SecretString>,
    /// When it was asked for.
    pub obtained_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// It was fetched because the one before it was answered with 401.
    pub after_rejection: bool,
}

impl Token {
    /// From here on the next one is fetched while this one still serves: a tenth of its life before
    /// the end, at most a minute.
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
    // Checked when the token came; a header that cannot be made is answered with 401.
    let mut header =
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
    header.set_sensitive(true);
    header
}

/// Credentials that the identity provider did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The OAuth error, e.g. `invalid_grant`.
    pub code: String,
    /// How often in a row.
    pub failures: u32,
    /// They are not tried again before this.
    pub retry_at: DateTime<Utc>,
}

/// What came of the last token request.
#[derive(Debug, Clone)]
pub enum TokenState {
    /// A token.
    Granted(Token),
    /// The credentials were rejected.
    Rejected(Rejection),
}

/// What the cache holds for an integration.
#[derive(Debug, Clone)]
pub struct TokenRecord {
    /// Of the environment and credentials; where they have changed, the record is of no use.
    pub fingerprint: String,
    /// What came of the last token request.
    pub state: TokenState,
    /// What the last sign-in by the browser has come to. It outlives the token, and rejections that
    /// are not its fault; there is none where Salto no longer takes it.
    pub login: Option<Login>,
}

/// A person's sign-in by the browser, of which the refresh token is left \[S1\].
#[derive(Debug, Clone)]
pub struct Login {
    /// With which the next token is had. Each use may replace it; a replaced one must not be used
    /// again.
    pub refresh: SecretString,
    /// Fingerprint of the identity provider and the client it was made with: good for no other.
    pub client: String,
}

impl TokenRecord {
    /// How long the record is worth keeping: refresh tokens and counted failures outlive the token.
    /// How long Salto keeps a sign-in is not known ("much longer" \[S1\]), so that its end is left to
    /// Salto.
    pub(crate) fn keep_until(&self) -> DateTime<Utc> {
        let until = match &self.state {
            TokenState::Granted(token) => token.expires_at,
            TokenState::Rejected(rejection) => rejection.retry_at,
        };
        until + TimeDelta::days(if self.login.is_some() { 400 } else { 1 })
    }

    pub(crate) fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let state = match &self.state {
            TokenState::Granted(token) => Stored::Granted {
                id: token.id,
                access: token.access.expose_secret().into(),
                refresh: token.refresh.as_ref().map(|refresh| refresh.expose_secret().into()),
                obtained_at: token.obtained_at,
                expires_at: token.expires_at,
                after_rejection: token.after_rejection,
            },
            TokenState::Rejected(Rejection { code, failures, retry_at }) => Stored::Rejected {
                code: code.as_str().into(),
                failures: *failures,
                retry_at: *retry_at,
            },
        };
        let fingerprint = self.fingerprint.as_str().into();
        let login = self.login.as_ref().map(|Login { refresh, client }| StoredLogin {
            refresh: refresh.expose_secret().into(),
            client: client.as_str().into(),
        });
        // Strings, numbers and times: there is nothing in it that JSON cannot hold.
        Zeroizing::new(serde_json::to_vec(&Sheet { fingerprint, state, login }).unwrap_or_default())
    }

    /// `None`: not a record of ours.
    pub(crate) fn from_json(json: &[u8]) -> Option<Self> {
        let Sheet { fingerprint, state, login } = serde_json::from_slice(json).ok()?;
        let state = match state {
            Stored::Granted { id, access, refresh, obtained_at, expires_at, after_rejection } => {
                TokenState::Granted(Token {
                    id,
                    access: access.into_owned().into(),
                    refresh: refresh.map(|refresh| refresh.into_owned().into()),
                    obtained_at,
                    expires_at,
                    after_rejection,
                })
            }
            Stored::Rejected { code, failures, retry_at } => {
                TokenState::Rejected(Rejection { code: code.into_owned(), failures, retry_at })
            }
        };
        let login = login.map(|StoredLogin { refresh, client }| Login {
            refresh: refresh.into_owned().into(),
            client: client.into_owned(),
        });
        Some(Self { fingerprint: fingerprint.into_owned(), state, login })
    }
}

#[derive(Serialize, Deserialize)]
struct Sheet<'a> {
    fingerprint: Cow<'a, str>,
    state: Stored<'a>,
    #[serde(default)]
    login: Option<StoredLogin<'a>>,
}

#[derive(Serialize, Deserialize)]
struct StoredLogin<'a> {
    refresh: Cow<'a, str>,
    client: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored<'a> {
    Granted {
        id: Uuid,
        access: Cow<'a, str>,
        refresh: Option<Cow<'a, str>>,
        obtained_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
        after_rejection: bool,
    },
    Rejected {
        code: Cow<'a, str>,
        failures: u32,
        retry_at: DateTime<Utc>,
    },
}
