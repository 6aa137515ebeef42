//! Who asks: the client's credentials, by HTTP Basic or in the form; a public client only names itself.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use super::error::OAuthError;
use super::form::Form;
use crate::same_text::same_text;
use crate::world::{Client, World};

pub(super) enum Credentials {
    Basic { id: String, secret: String },
    Form { id: String, secret: String },
    Public { id: String },
}

impl Credentials {
    /// # Errors
    /// None at all, a broken header, or both ways at once (RFC 6749, 2.3: one a request).
    pub(super) fn read(headers: &HeaderMap, form: &Form) -> Result<Self, OAuthError> {
        let in_form = form.get("client_secret");
        match (basic_header(headers), in_form) {
            (Some(_), Some(_)) => Err(OAuthError::request("two ways of client authentication")),
            (Some(encoded), None) => decode_basic(encoded).ok_or(OAuthError::client(true)),
            (None, secret) => {
                let id = form.get("client_id").ok_or(OAuthError::client(false))?.to_owned();
                Ok(match secret {
                    Some(secret) => Self::Form { id, secret: secret.to_owned() },
                    None => Self::Public { id },
                })
            }
        }
    }

    pub(super) fn client<'a>(&self, world: &'a World) -> Result<&'a Client, OAuthError> {
        let (id, secret) = match self {
            Self::Basic { id, secret } | Self::Form { id, secret } => (id, Some(secret)),
            Self::Public { id } => (id, None),
        };
        let client = world.clients.iter().find(|client| client.id == *id);
        let known = client.filter(|client| match (&client.secret, secret) {
            (Some(secret), Some(given)) => same_text(secret, given),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        });
        known.ok_or(OAuthError::client(self.is_basic()))
    }

    pub(super) fn is_basic(&self) -> bool {
        match self {
            Self::Basic { .. } => true,
            Self::Form { .. } | Self::Public { .. } => false,
        }
    }
}

/// Salto's own sample of a refresh carries a Bearer header beside the form [S1]: only Basic counts.
fn basic_header(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(rest.trim())
}

/// RFC 6749, 2.3.1: id and secret are form-encoded before they are joined.
fn decode_basic(encoded: &str) -> Option<Credentials> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some(Credentials::Basic { id: form_decode(id), secret: form_decode(secret) })
}

fn form_decode(text: &str) -> String {
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    pairs.next().map_or_else(String::new, |(name, _)| name.into_owned())
}
