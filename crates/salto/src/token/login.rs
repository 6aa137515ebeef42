//! The sign-in of a person by the browser: `authorization_code` with PKCE (`docs/salto-ks.md`, Tokens).

use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, Scope};
use secrecy::{ExposeSecret, SecretString};
use url::{Url, form_urlencoded};

use crate::environment::Environment;
use crate::environment::account::RedirectUri;
use crate::environment::url::below;

/// The scope without which Salto gives no refresh token (`docs/salto-ks.md`, Tokens).
const OFFLINE_ACCESS: &str = "offline_access";

/// A sign-in by the browser that has begun: the browser is sent to [`url`](Self::url), and returns to
/// [`redirect_uri`](Self::redirect_uri) with a code.
pub struct LoginAttempt {
    pub(super) redirect_uri: RedirectUri,
    pub(super) verifier: SecretString,
    state: SecretString,
    url: Url,
}

/// The browser returned without a valid code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// The answer does not belong to this attempt. It may be forged, and must have no effect.
    #[error("this answer belongs to another sign-in")]
    Foreign,
    /// Salto refused, with this OAuth error.
    #[error("Salto refuses the sign-in: {0}")]
    Refused(String),
    /// The answer has neither a code nor an error.
    #[error("there is no code in Salto's answer")]
    NoCode,
}

impl LoginAttempt {
    pub(crate) fn new(environment: &Environment, redirect_uri: &RedirectUri) -> Self {
        let authorize = below(&environment.identity_url, &["connect", "authorize"]);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut scopes: Vec<&str> = environment.scope.split_whitespace().collect();
        if !scopes.contains(&OFFLINE_ACCESS) {
            scopes.push(OFFLINE_ACCESS);
        }
        let client = BasicClient::new(ClientId::new(environment.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(authorize))
            .set_redirect_uri(redirect_uri.as_oauth().clone());
        let request = client.authorize_url(CsrfToken::new_random);
        let scopes = scopes.into_iter().map(|scope| Scope::new(scope.to_owned()));
        let (url, state) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        Self {
            redirect_uri: redirect_uri.clone(),
            verifier: verifier.into_secret().into(),
            state: state.into_secret().into(),
            url,
        }
    }

    /// Salto's login page for this attempt.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The address that the browser returns to.
    #[must_use]
    pub fn redirect_uri(&self) -> &RedirectUri {
        &self.redirect_uri
    }

    /// The code in the query of the address that the browser returned to.
    ///
    /// # Errors
    /// The `state` is not of this attempt, Salto refused, or there is no code.
    pub fn code(&self, query: &str) -> Result<SecretString, RedirectError> {
        let member = |name| {
            let mut members = form_urlencoded::parse(query.as_bytes());
            members.find(|(its, value)| its == name && !value.is_empty()).map(|(_, value)| value)
        };
        if member("state").as_deref() != Some(self.state.expose_secret()) {
            return Err(RedirectError::Foreign);
        }
        match (member("code"), member("error")) {
            (Some(code), None) => Ok(code.into_owned().into()),
            (_, Some(error)) => Err(RedirectError::Refused(plain(&error))),
            (None, None) => Err(RedirectError::NoCode),
        }
    }
}

/// The printable ASCII of an OAuth error, because any text may come from the browser.
fn plain(error: &str) -> String {
    error.chars().filter(char::is_ascii_graphic).take(60).collect()
}

#[cfg(test)]
mod tests {
    use oauth2::PkceCodeVerifier;

    use super::*;

    fn attempt(scope: &str) -> LoginAttempt {
        let url: Url = "https://identity.test/".parse().unwrap();
        let environment = Environment {
            name: "own".into(),
            identity_url: url.clone(),
            api_url: url,
            events_url: None,
            client_id: "client".into(),
            client_secret: Some("client-hush".into()),
            scope: scope.into(),
            guest_keys: None,
        };
        LoginAttempt::new(&environment, &"http://127.0.0.1:8765".parse().unwrap())
    }

    fn member(attempt: &LoginAttempt, name: &str) -> Option<String> {
        let mut pairs = attempt.url.query_pairs();
        pairs.find(|(its, _)| its == name).map(|(_, value)| value.into_owned())
    }

    #[test]
    fn the_login_url_has_all_members_of_the_flow_and_no_secret() {
        let one = attempt("user_api.full_access");
        assert!(one.url.as_str().starts_with("https://identity.test/connect/authorize?"));
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "client"),
            ("redirect_uri", "http://127.0.0.1:8765"),
            ("scope", "user_api.full_access offline_access"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(member(&one, name).as_deref(), Some(value), "{name}");
        }
        let verifier = PkceCodeVerifier::new(one.verifier.expose_secret().to_owned());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        assert_eq!(member(&one, "code_challenge").as_deref(), Some(challenge.as_str()));
        assert!(!one.url.as_str().contains("hush"));
        assert!(!one.url.as_str().contains(one.verifier.expose_secret()));
        let other = attempt("offline_access user_api.full_access");
        assert_eq!(member(&other, "scope").as_deref(), Some("offline_access user_api.full_access"));
        for fresh in ["state", "code_challenge"] {
            assert_ne!(member(&one, fresh), member(&other, fresh));
        }
    }

    #[test]
    fn a_code_is_accepted_only_with_the_state_of_the_attempt() {
        let attempt = attempt("user_api.full_access");
        let state = member(&attempt, "state").unwrap();
        let code = |query: String| attempt.code(&query).map(|code| code.expose_secret().to_owned());
        assert_eq!(code(format!("code=a%2Fb&state={state}")), Ok("a/b".to_owned()));
        for foreign in
            ["code=a".to_owned(), "code=a&state=".to_owned(), format!("code=a&state={state}x")]
        {
            assert_eq!(code(foreign), Err(RedirectError::Foreign));
        }
        assert_eq!(code(format!("state={state}")), Err(RedirectError::NoCode));
        let refused = format!("error=access_denied%0a%1b&code=a&state={state}");
        assert_eq!(code(refused), Err(RedirectError::Refused("access_denied".into())));
    }
}
