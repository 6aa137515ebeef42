//! The caller, by the bearer token: a user or a guest.

use std::sync::Arc;

use axum::http::HeaderMap;
use uuid::Uuid;

use crate::cloud::{Cloud, CloudState, Grant, Holder};
use crate::wire::{Refusal, bearer_token};

/// The holder of a token that was granted for an access code.
pub(super) struct Guest {
    pub(super) invited_by: Arc<str>,
    pub(super) site: Uuid,
    pub(super) token_family: Uuid,
}

/// The user of a valid token. A guest is refused: its token is for creating a digital key only
/// (`docs/salto-ks.md`, Tokens).
pub(super) fn user(
    cloud: &Cloud,
    state: &CloudState,
    headers: &HeaderMap,
) -> Result<Arc<str>, Refusal> {
    let grant = grant(cloud, state, headers)?;
    match grant.holder {
        Holder::User => Ok(Arc::clone(&grant.username)),
        Holder::Guest { .. } => Err(Refusal::Forbidden),
    }
}

/// The id of a user, as `GET /me` and the entries log have it.
pub(super) fn user_id(username: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, username.as_bytes())
}

/// The guest of a valid token. A user is refused.
pub(super) fn guest(
    cloud: &Cloud,
    state: &CloudState,
    headers: &HeaderMap,
) -> Result<Guest, Refusal> {
    let grant = grant(cloud, state, headers)?;
    match grant.holder {
        Holder::User => Err(Refusal::Forbidden),
        Holder::Guest { site } => {
            let invited_by = Arc::clone(&grant.username);
            Ok(Guest { invited_by, site, token_family: grant.family })
        }
    }
}

/// The user of a valid token in the query, as clients pass it that can set no headers, or else in the
/// headers.
pub(super) fn user_of_stream(
    cloud: &Cloud,
    state: &CloudState,
    headers: &HeaderMap,
    access_token: Option<&str>,
) -> Result<(Arc<str>, String), Refusal> {
    let token = access_token.or_else(|| bearer_token(headers)).ok_or(Refusal::Unauthorized)?;
    let grant = state.tokens.access(token, cloud.clock.now()).ok_or(Refusal::Unauthorized)?;
    match grant.holder {
        Holder::User => Ok((Arc::clone(&grant.username), token.to_owned())),
        Holder::Guest { .. } => Err(Refusal::Forbidden),
    }
}

fn grant<'a>(
    cloud: &Cloud,
    state: &'a CloudState,
    headers: &HeaderMap,
) -> Result<&'a Grant, Refusal> {
    bearer_token(headers)
        .and_then(|token| state.tokens.access(token, cloud.clock.now()))
        .ok_or(Refusal::Unauthorized)
}
