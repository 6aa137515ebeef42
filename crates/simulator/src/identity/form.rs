//! Form-encoded parameters: of a body, or of a query.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use url::form_urlencoded;

use super::error::OAuthError;

pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Of a body that says it is form-encoded.
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, OAuthError> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.and_then(|text| text.split(';').next()).map(str::trim);
        if media_type != Some("application/x-www-form-urlencoded") {
            return Err(OAuthError::request("the content type must be x-www-form-urlencoded"));
        }
        Self::of(body)
    }

    /// RFC 6749, 3.1 and 3.2: no parameter twice, an empty one counts as left out.
    pub(super) fn of(pairs: &[u8]) -> Result<Self, OAuthError> {
        let mut members = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(pairs) {
            if members.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(OAuthError::request("a parameter is there twice"));
            }
        }
        members.retain(|_, value| !value.is_empty());
        Ok(Self(members))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}
