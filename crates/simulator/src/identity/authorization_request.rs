//! The authorization request of a browser at `/connect/authorize` (RFC 6749, 4.1.1, with PKCE).

use url::Url;

use super::form::Form;
use super::pkce::is_challenge;
use super::scope::granted_scope;
use crate::world::World;

/// A valid request, for which the login page is shown.
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) challenge: String,
    state: Option<String>,
}

/// Why a request is refused.
pub(super) enum AuthorizationError {
    /// Shown to the user, because client or redirect URI are not valid.
    Shown(&'static str),
    /// Sent to the client: the browser is redirected to this URL.
    Redirected(Url),
}

impl AuthorizationRequest {
    /// Client and redirect URI are checked first. Where one is wrong, the browser is not redirected
    /// (RFC 6749, 4.1.2.1).
    pub(super) fn parse(world: &World, query: &str) -> Result<Self, AuthorizationError> {
        let form = Form::parse_pairs(query.as_bytes())
            .map_err(|_| AuthorizationError::Shown("a parameter appears twice"))?;
        let id = form.get("client_id");
        let client = world.clients.iter().find(|client| Some(client.id.as_str()) == id);
        let client = client
            .ok_or(AuthorizationError::Shown("client_id is missing or names an unknown client"))?;
        let registered = |uri: &&str| client.redirect_uris.iter().any(|own| own == uri);
        let redirect_uri = form.get("redirect_uri").filter(registered).ok_or(
            AuthorizationError::Shown("redirect_uri is missing or not registered for the client"),
        )?;
        let state = form.get("state");
        let refuse = |error: &str, description: &str| {
            let members = [("error", error), ("error_description", description)];
            redirect_url(redirect_uri, &members, state)
                .map_or_else(|error| error, AuthorizationError::Redirected)
        };
        if form.get("response_type") != Some("code") {
            return Err(refuse("unsupported_response_type", "response_type must be code"));
        }
        if form.get("code_challenge_method") != Some("S256") {
            return Err(refuse("invalid_request", "code_challenge_method must be S256"));
        }
        let challenge = form.get("code_challenge").filter(|text| is_challenge(text));
        let challenge = challenge.ok_or_else(|| {
            refuse("invalid_request", "code_challenge must be 32 bytes in base64url")
        })?;
        let scope = granted_scope(client, form.get("scope")).map_err(|_| {
            refuse(
                "invalid_scope",
                "scope is missing or has a value that the client may not request",
            )
        })?;
        Ok(Self {
            client_id: client.id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            scope,
            challenge: challenge.to_owned(),
            state: state.map(str::to_owned),
        })
    }

    /// The URL that the browser is redirected to with the code.
    pub(super) fn redirect_with_code(&self, code: &str) -> Result<Url, AuthorizationError> {
        redirect_url(&self.redirect_uri, &[("code", code)], self.state.as_deref())
    }
}

fn redirect_url(
    redirect_uri: &str,
    members: &[(&str, &str)],
    state: Option<&str>,
) -> Result<Url, AuthorizationError> {
    // The check of the world makes sure that it is a URL.
    let mut url = Url::parse(redirect_uri)
        .map_err(|_| AuthorizationError::Shown("redirect_uri is not a URL"))?;
    url.query_pairs_mut().extend_pairs(members).extend_pairs(state.map(|state| ("state", state)));
    Ok(url)
}
