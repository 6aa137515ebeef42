//! Form-encoded parameters of a body or of a query.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use url::form_urlencoded;

use super::oauth_error::OAuthError;
use crate::wire::media_type;

pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Parses a body, which must be sent as form-encoded.
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, OAuthError> {
        if media_type(headers) != Some("application/x-www-form-urlencoded") {
            let description = "the content type must be application/x-www-form-urlencoded";
            return Err(OAuthError::invalid_request(description));
        }
        Self::parse_pairs(body)
    }

    /// Parses parameters. A repeated one is an error, an empty one counts as left out (RFC 6749, 3.1 and
    /// 3.2).
    pub(super) fn parse_pairs(pairs: &[u8]) -> Result<Self, OAuthError> {
        let mut members = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(pairs) {
            if members.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(OAuthError::invalid_request("a parameter appears twice"));
            }
        }
        members.retain(|_, value| !value.is_empty());
        Ok(Self(members))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}
