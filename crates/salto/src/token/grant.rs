//! Token requests: the grants `password`, `refresh_token` and `authorization_code`
//! (`docs/salto-ks.md`, Tokens), with the `oauth2` crate.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    PkceCodeVerifier, RefreshToken, RequestTokenError, ResourceOwnerPassword,
    ResourceOwnerUsername, Scope, TokenResponse, TokenUrl,
};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use uuid::Uuid;

use super::cache_policy::Fetch;
use super::login::LoginAttempt;
use super::record::Token;
use super::transport::Transport;
use crate::environment::Environment;
use crate::environment::account::SignIn;
use crate::environment::url::below;
use crate::error::{CallError, Cause};
use crate::http::salto_client::SaltoClient;

/// The time limit for a token, over the requests with refresh token and password.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(10);
/// The lifetime of a token whose answer does not have one (decision; `docs/salto-ks.md`, Tokens, has the
/// usual one).
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);

type OauthClient =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// A token request failed.
#[derive(Debug)]
pub(crate) enum GrantError {
    /// The identity provider rejected the credentials, with this OAuth error.
    Rejected(String),
    /// It answered without a usable token, and did not reject the credentials.
    Unusable(CallError),
    /// Anything else.
    Failed(CallError),
}

impl From<CallError> for GrantError {
    fn from(error: CallError) -> Self {
        Self::Failed(error)
    }
}

/// Fetches a token: with the refresh token where there is one; with the password, where the account has
/// one, if the refresh token is missing or rejected.
pub(super) async fn fetch(
    client: &SaltoClient,
    sign_in: &SignIn,
    fetch: &Fetch,
    now: DateTime<Utc>,
) -> Result<Token, GrantError> {
    let transport = Transport { client, deadline: Instant::now() + TIME_LIMIT };
    let refreshed = match &fetch.refresh {
        None => None,
        Some(refresh) => Some(by_refresh(&transport, refresh).await),
    };
    let granted = match (sign_in, refreshed) {
        (SignIn::Password { username, password }, None) => {
            by_password(&transport, username, password).await
        }
        (SignIn::Password { username, password }, Some(Err(GrantError::Rejected(code)))) => {
            tracing::debug!(code, "refresh token rejected: using the password");
            by_password(&transport, username, password).await
        }
        (SignIn::Browser { .. }, None) => {
            Err(CallError::new(Cause::NotSignedIn, "there is no refresh token").into())
        }
        (SignIn::Password { .. } | SignIn::Browser { .. }, Some(refreshed)) => refreshed,
    };
    token(&granted?, fetch, now).map_err(GrantError::Unusable)
}

/// Exchanges the code of a sign-in by the browser.
pub(super) async fn exchange(
    client: &SaltoClient,
    attempt: &LoginAttempt,
    code: &SecretString,
    now: DateTime<Utc>,
) -> Result<Token, GrantError> {
    let transport = Transport { client, deadline: Instant::now() + TIME_LIMIT };
    let oauth = oauth_client(&client.environment, AuthType::RequestBody);
    let code = AuthorizationCode::new(code.expose_secret().to_owned());
    let verifier = PkceCodeVerifier::new(attempt.verifier.expose_secret().to_owned());
    let request = oauth.exchange_code(code).set_pkce_verifier(verifier);
    let request = request.set_redirect_uri(Cow::Borrowed(attempt.redirect_uri.as_oauth()));
    let granted = request.request_async(&transport).await.map_err(grant_error)?;
    token(&granted, &Fetch::default(), now).map_err(GrantError::Unusable)
}

async fn by_password(
    transport: &Transport<'_>,
    username: &str,
    password: &SecretString,
) -> Result<BasicTokenResponse, GrantError> {
    let environment = &transport.client.environment;
    let oauth = oauth_client(environment, AuthType::BasicAuth);
    let username = ResourceOwnerUsername::new(username.to_owned());
    let password = ResourceOwnerPassword::new(password.expose_secret().to_owned());
    let scopes = environment.scope.split_whitespace().map(|scope| Scope::new(scope.to_owned()));
    let request = oauth.exchange_password(&username, &password).add_scopes(scopes);
    request.request_async(transport).await.map_err(grant_error)
}

async fn by_refresh(
    transport: &Transport<'_>,
    refresh: &SecretString,
) -> Result<BasicTokenResponse, GrantError> {
    // A refresh has the client in the form, not as HTTP Basic (docs/salto-ks.md, Tokens).
    let oauth = oauth_client(&transport.client.environment, AuthType::RequestBody);
    let refresh = RefreshToken::new(refresh.expose_secret().to_owned());
    let request = oauth.exchange_refresh_token(&refresh);
    request.request_async(transport).await.map_err(grant_error)
}

fn oauth_client(environment: &Environment, auth: AuthType) -> OauthClient {
    let url = below(&environment.identity_url, &["connect", "token"]);
    let client = BasicClient::new(ClientId::new(environment.client_id.clone()))
        .set_auth_type(auth)
        .set_token_uri(TokenUrl::from_url(url));
    match environment.client_secret() {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.to_owned())),
        // A public client (docs/salto-ks.md, Tokens).
        None => client,
    }
}

/// OAuth errors that say nothing about the credentials (`docs/contract.md`, invariant 7).
const TEMPORARY_ERRORS: [&str; 3] = ["temporarily_unavailable", "server_error", "slow_down"];

/// The error of a token request by the answer of the identity provider. Every other OAuth error is a
/// rejection, until an operator changes the configuration or the account.
pub(super) fn grant_error(error: RequestTokenError<CallError, BasicErrorResponse>) -> GrantError {
    match error {
        RequestTokenError::ServerResponse(response) => {
            let code = shown(response.error().as_ref());
            if TEMPORARY_ERRORS.contains(&code.as_str()) {
                let error =
                    CallError::new(Cause::TokenUnusable, "the identity provider asks for a rest");
                return GrantError::Unusable(CallError { code: Some(code), ..error });
            }
            GrantError::Rejected(code)
        }
        RequestTokenError::Request(error) if error.cause == Cause::TokenUnusable => {
            GrantError::Unusable(error)
        }
        RequestTokenError::Request(error) => {
            let cause = match error.cause {
                Cause::Unanswered => Cause::Unavailable,
                other => other,
            };
            CallError { cause, ..error }.into()
        }
        // A page of a proxy, half an answer: an outage (docs/salto-ks.md, Environments).
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            CallError::unreadable("the identity provider's answer is not in OAuth's form").into()
        }
    }
}

/// The code of an OAuth error, as logs and events may show it: another text may hold a name.
fn shown(code: &str) -> String {
    let is_code = (1..=40).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    if is_code { code.to_owned() } else { "unknown".to_owned() }
}

/// The access token, where it can be sent in a header.
pub(super) fn access(granted: &BasicTokenResponse) -> Result<SecretString, CallError> {
    let access = granted.access_token().secret();
    if access.is_empty() || HeaderValue::from_str(access).is_err() {
        return Err(CallError::new(Cause::TokenUnusable, "it cannot be sent in a header"));
    }
    Ok(access.as_str().into())
}

fn token(
    granted: &BasicTokenResponse,
    fetch: &Fetch,
    now: DateTime<Utc>,
) -> Result<Token, CallError> {
    let access = access(granted)?;
    let lifetime = granted.expires_in().unwrap_or(DEFAULT_LIFETIME);
    let lifetime = lifetime.clamp(Duration::from_secs(1), MAX_LIFETIME);
    // The answer to a refresh may have no refresh token: then the old one stays valid.
    let refresh = match granted.refresh_token() {
        Some(refresh) => Some(refresh.secret().as_str().into()),
        None => fetch.refresh.clone(),
    };
    Ok(Token {
        id: Uuid::new_v4(),
        access,
        refresh,
        obtained_at: now,
        expires_at: now + TimeDelta::from_std(lifetime).unwrap_or(TimeDelta::zero()),
        rejections: fetch.rejections,
    })
}
