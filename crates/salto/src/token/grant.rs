//! Token requests: the password grant and the refresh \[S1\], through the `oauth2` crate.

use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use oauth2::basic::{BasicClient, BasicErrorResponseType, BasicTokenResponse};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RefreshToken,
    RequestTokenError, ResourceOwnerPassword, ResourceOwnerUsername, Scope, TokenResponse,
    TokenUrl,
};
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::judge::Fetch;
use super::record::Token;
use crate::answer::retry_after;
use crate::breaker::Health;
use crate::call::{Api, lost, read_body};
use crate::environment::{Account, Environment, below};
use crate::error::{CallError, Cause};

/// For a token, refresh and password together.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(10);
const BODY_LIMIT: usize = 64 << 10;
/// Where an answer does not say how long its token lives (decision; 3600 was measured \[M\]).
const LIFETIME_UNSAID: Duration = Duration::from_secs(300);
const LIFETIME_MOST: Duration = Duration::from_secs(24 * 3600);

type Client =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// No token came.
#[derive(Debug)]
pub(super) enum GrantError {
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

/// Fetches a token: with the refresh token where there is one, and with the password where there is
/// none or it is no longer taken.
pub(super) async fn fetch(
    api: &Api,
    account: &Account,
    how: &Fetch,
    now: DateTime<Utc>,
) -> Result<Token, GrantError> {
    let transport = Transport { api, deadline: Instant::now() + TIME_LIMIT };
    let granted = match &how.refresh {
        None => by_password(&transport, account).await,
        Some(refresh) => match by_refresh(&transport, refresh).await {
            Err(GrantError::Rejected(code)) => {
                tracing::debug!(code, "refresh token not taken; using the password");
                by_password(&transport, account).await
            }
            other => other,
        },
    };
    token(&granted?, how, now).map_err(GrantError::Failed)
}

async fn by_password(
    transport: &Transport<'_>,
    account: &Account,
) -> Result<BasicTokenResponse, GrantError> {
    let environment = &transport.api.environment;
    let client = client(environment, AuthType::BasicAuth);
    let username = ResourceOwnerUsername::new(account.username.clone());
    let password = ResourceOwnerPassword::new(account.password.expose_secret().to_owned());
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
    BasicClient::new(ClientId::new(environment.client_id.clone()))
        .set_client_secret(ClientSecret::new(environment.client_secret.expose_secret().to_owned()))
        .set_auth_type(auth)
        .set_token_uri(TokenUrl::from_url(url))
}

/// Our HTTP client, as the `oauth2` crate wants it.
struct Transport<'a> {
    api: &'a Api,
    deadline: Instant,
}

impl<'c> AsyncHttpClient<'c> for Transport<'_> {
    type Error = CallError;
    type Future =
        Pin<Box<dyn Future<Output = Result<oauth2::HttpResponse, CallError>> + Send + 'c>>;

    fn call(&'c self, request: oauth2::HttpRequest) -> Self::Future {
        Box::pin(call(self, request))
    }
}

/// Makes the call where the identity provider is to be called now, and tells what it says about the
/// provider.
async fn call(
    transport: &Transport<'_>,
    request: oauth2::HttpRequest,
) -> Result<oauth2::HttpResponse, CallError> {
    let permit = transport.api.breakers.identity.ask()?;
    let answered = timeout_at(transport.deadline, send(transport.api, request)).await;
    let answered = answered.unwrap_or_else(|_| {
        Err(CallError::new(Cause::Unavailable, "no token within the time limit"))
    });
    match &answered {
        Ok(answer) => permit.tell(health(answer), None, &"an answer that is none of OAuth's"),
        Err(error) if error.cause == Cause::RateLimited => permit.works(),
        Err(error) => permit.tell(Health::Down, None, error),
    }
    answered
}

/// Whether the provider answers as itself. A 401 and a 400 are: half the words of OAuth come with
/// them.
fn health(answer: &oauth2::HttpResponse) -> Health {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let oauths = body["access_token"].is_string() || body["error"].is_string();
    if oauths || answer.status() == StatusCode::UNAUTHORIZED { Health::Works } else { Health::Down }
}

/// Sends the request that the `oauth2` crate made. Answers that OAuth has no word for, by their
/// status, are errors here, with their `Retry-After`; a 404 is one, as a provider that is away has
/// been seen to answer it on every path \[M\].
async fn send(api: &Api, request: oauth2::HttpRequest) -> Result<oauth2::HttpResponse, CallError> {
    let mut request = reqwest::Request::try_from(request)
        .map_err(|_| CallError::unreadable("the identity provider's address is unusable"))?;
    if let Some(authorization) = request.headers_mut().get_mut(reqwest::header::AUTHORIZATION) {
        authorization.set_sensitive(true);
    }
    let response = api.http.0.execute(request).await.map_err(|error| unavailable(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    tracing::debug!(status = status.as_u16(), "identity provider answered");
    let cause = match status {
        StatusCode::TOO_MANY_REQUESTS => Some(Cause::RateLimited),
        StatusCode::NOT_FOUND => Some(Cause::Unavailable),
        status if status.is_server_error() || status.is_redirection() => Some(Cause::Unavailable),
        _ => None,
    };
    if let Some(cause) = cause {
        let mut error = CallError::new(cause, "asking for a token");
        error.status = Some(status.as_u16());
        return Err(error.after(retry_after(&headers, Utc::now())));
    }
    let body = read_body(response, BODY_LIMIT).await?;
    let mut answer = oauth2::HttpResponse::new(body.to_vec());
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    Ok(answer)
}

fn unavailable(error: &reqwest::Error) -> CallError {
    CallError { cause: Cause::Unavailable, ..lost(error) }
}

fn explain(error: RequestTokenError<CallError, oauth2::basic::BasicErrorResponse>) -> GrantError {
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

fn token(
    granted: &BasicTokenResponse,
    how: &Fetch,
    now: DateTime<Utc>,
) -> Result<Token, CallError> {
    let access = granted.access_token().secret();
    if access.is_empty() || HeaderValue::from_str(access).is_err() {
        return Err(CallError::unreadable("the identity provider's token is unusable"));
    }
    let lifetime = granted.expires_in().unwrap_or(LIFETIME_UNSAID);
    let lifetime = lifetime.clamp(Duration::from_secs(1), LIFETIME_MOST);
    // A refresh may answer without a new refresh token: then the old one stays good.
    let refresh = match granted.refresh_token() {
        Some(refresh) => Some(refresh.secret().as_str().into()),
        None => how.refresh.clone(),
    };
    Ok(Token {
        id: Uuid::new_v4(),
        access: access.as_str().into(),
        refresh,
        obtained_at: now,
        expires_at: now + TimeDelta::from_std(lifetime).unwrap_or(TimeDelta::zero()),
        after_rejection: how.after_rejection,
    })
}
