//! Who calls: the bearer token.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use uuid::Uuid;

use super::refusal::Verdict;
use crate::cloud::{Cloud, Grant, Holder, Live};

/// Who holds the token of an access code.
pub(super) struct Guest {
    pub(super) invited_by: Arc<str>,
    pub(super) site: Uuid,
    pub(super) family: Uuid,
}

/// The user behind a valid token. A guest is nobody: its token creates a digital key and does
/// nothing else. [S1]
pub(super) fn caller(cloud: &Cloud, live: &Live, headers: &HeaderMap) -> Result<Arc<str>, Verdict> {
    let grant = grant(cloud, live, headers)?;
    match grant.holder {
        Holder::User => Ok(Arc::clone(&grant.username)),
        Holder::Guest { .. } => Err(Verdict::Forbidden),
    }
}

/// The guest behind a valid token; users create their keys in another way.
pub(super) fn guest(cloud: &Cloud, live: &Live, headers: &HeaderMap) -> Result<Guest, Verdict> {
    let grant = grant(cloud, live, headers)?;
    match grant.holder {
        Holder::User => Err(Verdict::Forbidden),
        Holder::Guest { site } => {
            let invited_by = Arc::clone(&grant.username);
            Ok(Guest { invited_by, site, family: grant.family })
        }
    }
}

fn grant<'a>(cloud: &Cloud, live: &'a Live, headers: &HeaderMap) -> Result<&'a Grant, Verdict> {
    bearer_token(headers)
        .and_then(|token| live.tokens.access(token, cloud.clock.now()))
        .ok_or(Verdict::Unauthorized)
}

pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
