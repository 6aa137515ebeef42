//! Who asks: the client's credentials, by HTTP Basic or in the form.

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
}

impl Credentials {
    /// # Errors
    /// None at all, a broken header, or both ways at once (RFC 6749, 2.3: one a request).
    pub(super) fn read(headers: &HeaderMap, form: &Form) -> Result<Self, OAuthError> {
        let in_form = form.get("client_secret");
        match (basic_header(headers), in_form) {
            (Some(_), Some(_)) => Err(OAuthError::request("two ways of client authentication")),
            (Some(encoded), None) => decode_basic(encoded).ok_or(OAuthError::client(true)),
            (None, Some(secret)) => match form.get("client_id") {
                Some(id) => Ok(Self::Form { id: id.to_owned(), secret: secret.to_owned() }),
                None => Err(OAuthError::client(false)),
            },
            (None, None) => Err(OAuthError::client(false)),
        }
    }

    pub(super) fn client<'a>(&self, world: &'a World) -> Result<&'a Client, OAuthError> {
        let (id, secret) = match self {
            Self::Basic { id, secret } | Self::Form { id, secret } => (id, secret),
        };
        let client = world.clients.iter().find(|client| client.id == *id);
        client
            .filter(|client| same_text(&client.secret, secret))
            .ok_or(OAuthError::client(self.is_basic()))
    }

    pub(super) fn is_basic(&self) -> bool {
        match self {
            Self::Basic { .. } => true,
            Self::Form { .. } => false,
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
