//! Token requests: the grants `password`, `refresh_token` and `authorization_code` \[S1\], through
//! the `oauth2` crate.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse};
use oauth2::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    PkceCodeVerifier, RefreshToken, RequestTokenError, ResourceOwnerPassword,
    ResourceOwnerUsername, Scope, TokenResponse, TokenUrl,
};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use uuid::Uuid;

use super::judge::Fetch;
use super::login::LoginAttempt;
use super::record::Token;
use super::transport::Transport;
use crate::call::Api;
use crate::environment::{Environment, SignIn, below};
use crate::error::{CallError, Cause};

/// For a token, refresh and password together.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Where an answer does not say how long its token lives (decision; 3600 was measured \[M\]).
const LIFETIME_UNSAID: Duration = Duration::from_secs(300);
const LIFETIME_MOST: Duration = Duration::from_secs(24 * 3600);

type Client =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// No token came.
#[derive(Debug)]
pub(crate) enum GrantError {
    /// The identity provider says no to what was sent, by this OAuth error.
    Rejected(String),
    /// Anything else.
    Failed(CallError),
}

impl From<CallError> for GrantError {
    fn from(error: CallError) -> Self {
        Self::Failed(error)
    }
}

/// Fetches a token: with the refresh token where there is one; with the password, where the account
/// has one, in place of a refresh token that is missing or no longer taken.
pub(super) async fn fetch(
    api: &Api,
    sign_in: &SignIn,
    how: &Fetch,
    now: DateTime<Utc>,
) -> Result<Token, GrantError> {
    let transport = Transport { api, deadline: Instant::now() + TIME_LIMIT };
    let refreshed = match &how.refresh {
        None => None,
        Some(refresh) => Some(by_refresh(&transport, refresh).await),
    };
    let granted = match (sign_in, refreshed) {
        (SignIn::Password { username, password }, None) => {
            by_password(&transport, username, password).await
        }
        (SignIn::Password { username, password }, Some(Err(GrantError::Rejected(code)))) => {
            tracing::debug!(code, "refresh token not taken; using the password");
            by_password(&transport, username, password).await
        }
        (SignIn::Browser { .. }, None) => {
            Err(CallError::new(Cause::NotSignedIn, "there is no refresh token").into())
        }
        (SignIn::Password { .. } | SignIn::Browser { .. }, Some(refreshed)) => refreshed,
    };
    token(&granted?, how, now).map_err(GrantError::Failed)
}

/// Exchanges the code of a person's sign-in.
pub(super) async fn exchange(
    api: &Api,
    attempt: &LoginAttempt,
    code: &SecretString,
    now: DateTime<Utc>,
) -> Result<Token, GrantError> {
    let transport = Transport { api, deadline: Instant::now() + TIME_LIMIT };
    let client = client(&api.environment, AuthType::RequestBody);
    let code = AuthorizationCode::new(code.expose_secret().to_owned());
    let verifier = PkceCodeVerifier::new(attempt.verifier.expose_secret().to_owned());
    let request = client.exchange_code(code).set_pkce_verifier(verifier);
    let request = request.set_redirect_uri(Cow::Borrowed(attempt.redirect_uri.as_oauth()));
    let granted = request.request_async(&transport).await.map_err(explain)?;
    token(&granted, &Fetch::default(), now).map_err(GrantError::Failed)
}

async fn by_password(
    transport: &Transport<'_>,
    username: &str,
    password: &SecretString,
) -> Result<BasicTokenResponse, GrantError> {
    let environment = &transport.api.environment;
    let client = client(environment, AuthType::BasicAuth);
    let username = ResourceOwnerUsername::new(username.to_owned());
    let password = ResourceOwnerPassword::new(password.expose_secret().to_owned());
    let scopes = environment.scope.split_whitespace().map(|scope| Scope::new(scope.to_owned()));
    let request = client.exchange_password(&username, &password).add_scopes(scopes);
    request.request_async(transport).await.map_err(explain)
}

async fn by_refresh(
    transport: &Transport<'_>,
    refresh: &SecretString,
) -> Result<BasicTokenResponse, GrantError> {
    // The refresh carries the client in the form, not as HTTP Basic [S1].
    let client = client(&transport.api.environment, AuthType::RequestBody);
    let refresh = RefreshToken::new(refresh.expose_secret().to_owned());
    let request = client.exchange_refresh_token(&refresh);
    request.request_async(transport).await.map_err(explain)
}

fn client(environment: &Environment, auth: AuthType) -> Client {
    let url = below(&environment.identity_url, &["connect", "token"]);
    let client = BasicClient::new(ClientId::new(environment.client_id.clone()))
        .set_auth_type(auth)
        .set_token_uri(TokenUrl::from_url(url));
    match environment.client_secret() {
        Some(secret) => client.set_client_secret(ClientSecret::new(secret.to_owned())),
        // A public client [S1].
        None => client,
    }
}

pub(super) fn explain(error: RequestTokenError<CallError, BasicErrorResponse>) -> GrantError {
    match error {
        RequestTokenError::ServerResponse(response) => match response.error() {
            // What the provider holds against client, user, password or scope. It stays so until
            // somebody changes the configuration.
            BasicErrorResponseType::InvalidClient
            | BasicErrorResponseType::InvalidGrant
            | BasicErrorResponseType::InvalidRequest
            | BasicErrorResponseType::InvalidScope
            | BasicErrorResponseType::UnauthorizedClient
            | BasicErrorResponseType::UnsupportedGrantType => {
                GrantError::Rejected(response.error().as_ref().to_owned())
            }
            BasicErrorResponseType::Extension(_) => {
                CallError::unreadable("the identity provider answers with an unknown error").into()
            }
        },
        RequestTokenError::Request(error) => {
            let cause = match error.cause {
                Cause::Unanswered => Cause::Unavailable,
                other => other,
            };
            CallError { cause, ..error }.into()
        }
        // A 404 on every path, a page of a proxy, half an answer: an outage [M].
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            CallError::unreadable("the identity provider's answer is none of OAuth's").into()
        }
    }
}

/// The access token, where it can be sent.
pub(super) fn access(granted: &BasicTokenResponse) -> Result<SecretString, CallError> {
    let access = granted.access_token().secret();
    if access.is_empty() || HeaderValue::from_str(access).is_err() {
        return Err(CallError::unreadable("the identity provider's token is unusable"));
    }
    Ok(access.as_str().into())
}

fn token(
    granted: &BasicTokenResponse,
    how: &Fetch,
    now: DateTime<Utc>,
) -> Result<Token, CallError> {
    let access = access(granted)?;
    let lifetime = granted.expires_in().unwrap_or(LIFETIME_UNSAID);
    let lifetime = lifetime.clamp(Duration::from_secs(1), LIFETIME_MOST);
    // A refresh may answer without a new refresh token: then the old one stays good.
    let refresh = match granted.refresh_token() {
        Some(refresh) => Some(refresh.secret().as_str().into()),
        None => how.refresh.clone(),
    };
    Ok(Token {
        id: Uuid::new_v4(),
        access,
        refresh,
        obtained_at: now,
        expires_at: now + TimeDelta::from_std(lifetime).unwrap_or(TimeDelta::zero()),
        after_rejection: how.after_rejection,
    })
}
