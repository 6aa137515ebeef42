//! The scope that a client may be granted.

use super::oauth_error::OAuthError;
use crate::world::Client;

/// The requested scope, provided that the client may request each of its values.
pub(super) fn granted_scope(
    client: &Client,
    requested: Option<&str>,
) -> Result<String, OAuthError> {
    let requested = requested.ok_or(OAuthError::invalid_scope())?;
    let allowed = |scope: &str| client.scopes.iter().any(|own| own == scope);
    if requested.split(' ').all(allowed) {
        Ok(requested.to_owned())
    } else {
        Err(OAuthError::invalid_scope())
    }
}
