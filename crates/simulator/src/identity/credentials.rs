//! The credentials of a client: by HTTP Basic or in the form. A public client sends its id only.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use super::form::Form;
use super::oauth_error::OAuthError;
use crate::constant_time::constant_time_eq;
use crate::world::{Client, World};

pub(super) enum Credentials {
    Basic { id: String, secret: String },
    Form { id: String, secret: String },
    Public { id: String },
}

impl Credentials {
    /// # Errors
    /// No credentials, an invalid header, or both ways in one request (RFC 6749, 2.3).
    pub(super) fn read(headers: &HeaderMap, form: &Form) -> Result<Self, OAuthError> {
        let in_form = form.get("client_secret");
        match (basic_header(headers), in_form) {
            (Some(_), Some(_)) => Err(OAuthError::invalid_request(
                "the client authenticates by HTTP Basic and in the form; only one is allowed",
            )),
            (Some(encoded), None) => decode_basic(encoded).ok_or(OAuthError::invalid_client(true)),
            (None, secret) => {
                let id = form.get("client_id").ok_or(OAuthError::invalid_client(false))?.to_owned();
                Ok(match secret {
                    Some(secret) => Self::Form { id, secret: secret.to_owned() },
                    None => Self::Public { id },
                })
            }
        }
    }

    /// The client with these credentials.
    pub(super) fn client<'a>(&self, world: &'a World) -> Result<&'a Client, OAuthError> {
        let (id, secret) = match self {
            Self::Basic { id, secret } | Self::Form { id, secret } => (id, Some(secret)),
            Self::Public { id } => (id, None),
        };
        let client = world.clients.iter().find(|client| client.id == *id);
        let known = client.filter(|client| match (&client.secret, secret) {
            (Some(secret), Some(given)) => constant_time_eq(secret, given),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        });
        known.ok_or(OAuthError::invalid_client(self.is_basic()))
    }

    pub(super) fn is_basic(&self) -> bool {
        match self {
            Self::Basic { .. } => true,
            Self::Form { .. } | Self::Public { .. } => false,
        }
    }
}

/// The value of a Basic header. Other schemes are ignored, because Salto's sample of a refresh sends a
/// Bearer header beside the form.
fn basic_header(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(rest.trim())
}

/// Id and secret are form-encoded before they are joined (RFC 6749, 2.3.1).
fn decode_basic(encoded: &str) -> Option<Credentials> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some(Credentials::Basic { id: form_decode(id), secret: form_decode(secret) })
}

fn form_decode(text: &str) -> String {
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    pairs.next().map_or_else(String::new, |(name, _)| name.into_owned())
}
