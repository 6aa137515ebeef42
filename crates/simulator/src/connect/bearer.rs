//! Who calls: the bearer token.

use std::sync::Arc;

use axum::http::{HeaderMap, header};

use super::refusal::{Refusal, Verdict};
use crate::cloud::{Cloud, Live};

/// The user behind a valid token.
pub(super) fn caller(cloud: &Cloud, live: &Live, headers: &HeaderMap) -> Result<Arc<str>, Refusal> {
    let grant =
        bearer_token(headers).and_then(|token| live.tokens.access(token, cloud.clock.now()));
    grant.map(|grant| Arc::clone(&grant.username)).ok_or(Verdict::Unauthorized.into())
}

pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
