//! What a browser at `/connect/authorize` asks for (RFC 6749, 4.1.1, with PKCE). [S1]

use url::Url;

use super::form::Form;
use super::pkce::is_challenge;
use super::scope::granted_scope;
use crate::world::World;

/// A sign-in that may begin.
pub(super) struct Asked {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) challenge: String,
    state: Option<String>,
}

/// One that may not.
pub(super) enum Refusal {
    /// Told to the user: there is nobody whom the browser may be trusted to.
    Here(&'static str),
    /// Told to the client, which the browser is sent back to.
    Back(Url),
}

impl Asked {
    /// Client and redirect URI first (4.1.2.1): where they are wrong, the browser goes nowhere.
    pub(super) fn read(world: &World, query: &str) -> Result<Self, Refusal> {
        let form =
            Form::of(query.as_bytes()).map_err(|_| Refusal::Here("a parameter is there twice"))?;
        let id = form.get("client_id");
        let client = world.clients.iter().find(|client| Some(client.id.as_str()) == id);
        let client = client.ok_or(Refusal::Here("there is no such client"))?;
        let registered = |uri: &&str| client.redirect_uris.iter().any(|one| one == uri);
        let redirect_uri = form
            .get("redirect_uri")
            .filter(registered)
            .ok_or(Refusal::Here("this redirect URI is not registered for the client"))?;
        let state = form.get("state");
        let no = |error: &str, why: &str| {
            let members = [("error", error), ("error_description", why)];
            back_to(redirect_uri, &members, state).map_or_else(|refusal| refusal, Refusal::Back)
        };
        if form.get("response_type") != Some("code") {
            return Err(no("unsupported_response_type", "response_type must be code"));
        }
        if form.get("code_challenge_method") != Some("S256") {
            return Err(no("invalid_request", "code_challenge_method must be S256"));
        }
        let challenge = form.get("code_challenge").filter(|text| is_challenge(text));
        let challenge = challenge
            .ok_or_else(|| no("invalid_request", "code_challenge must be 32 bytes in base64url"))?;
        let scope = granted_scope(client, form.get("scope"))
            .map_err(|_| no("invalid_scope", "the scope is missing or not this client's"))?;
        Ok(Self {
            client_id: client.id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            scope,
            challenge: challenge.to_owned(),
            state: state.map(str::to_owned),
        })
    }

    /// Where the browser goes with the code.
    pub(super) fn back_with(&self, code: &str) -> Result<Url, Refusal> {
        back_to(&self.redirect_uri, &[("code", code)], self.state.as_deref())
    }
}

fn back_to(
    redirect_uri: &str,
    members: &[(&str, &str)],
    state: Option<&str>,
) -> Result<Url, Refusal> {
    // Looked at when the world was read.
    let mut url =
        Url::parse(redirect_uri).map_err(|_| Refusal::Here("the redirect URI is no URL"))?;
    url.query_pairs_mut().extend_pairs(members).extend_pairs(state.map(|state| ("state", state)));
    Ok(url)
}
