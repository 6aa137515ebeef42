//! What a client may be granted.

use super::error::OAuthError;
use crate::world::Client;

/// The scope as it was asked for, where all of it is the client's.
pub(super) fn granted_scope(client: &Client, asked: Option<&str>) -> Result<String, OAuthError> {
    let asked = asked.ok_or(OAuthError::scope())?;
    let known = |scope: &str| client.scopes.iter().any(|one| one == scope);
    if asked.split(' ').all(known) { Ok(asked.to_owned()) } else { Err(OAuthError::scope()) }
}
