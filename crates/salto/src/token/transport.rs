//! The transport of token requests: the HTTP client, in the form that the `oauth2` crate needs.

use std::pin::Pin;

use chrono::Utc;
use oauth2::AsyncHttpClient;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::token_answer;
use crate::breaker::HostHealth;
use crate::error::{CallError, Cause};
use crate::http::answer::retry_after;
use crate::http::salto_client::{SaltoClient, call_error, read_body};

const BODY_LIMIT: usize = 64 << 10;

/// Sends token requests to the identity provider of an environment, until the deadline.
pub(super) struct Transport<'a> {
    pub(super) client: &'a SaltoClient,
    pub(super) deadline: Instant,
}

impl<'c> AsyncHttpClient<'c> for Transport<'_> {
    type Error = CallError;
    type Future =
        Pin<Box<dyn Future<Output = Result<oauth2::HttpResponse, CallError>> + Send + 'c>>;

    fn call(&'c self, request: oauth2::HttpRequest) -> Self::Future {
        Box::pin(call(self, request))
    }
}

/// Makes the call if the circuit breaker of the identity provider permits it, and records what it says
/// about the provider.
async fn call(
    transport: &Transport<'_>,
    request: oauth2::HttpRequest,
) -> Result<oauth2::HttpResponse, CallError> {
    let permit = transport.client.breakers.identity.permit()?;
    let answered = timeout_at(transport.deadline, send(transport.client, request)).await;
    let answered = answered.unwrap_or_else(|_| {
        Err(CallError::new(Cause::Unavailable, "no token within the time limit"))
    });
    match &answered {
        Ok(answer) => permit.record(health(answer), None, &"an answer that is not in OAuth's form"),
        // The provider itself answered.
        Err(error) if matches!(error.cause, Cause::RateLimited | Cause::TokenUnusable) => {
            permit.record_success();
        }
        Err(error) => permit.record(HostHealth::Down, None, error),
    }
    answered
}

/// Whether the identity provider itself answered: with a token, with an OAuth error, or with 401.
fn health(answer: &oauth2::HttpResponse) -> HostHealth {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let is_oauth = body["access_token"].is_string() || body["error"].is_string();
    if is_oauth || answer.status() == StatusCode::UNAUTHORIZED {
        HostHealth::Up
    } else {
        HostHealth::Down
    }
}

/// Sends the request that the `oauth2` crate made. Answers with a status that OAuth does not define are
/// errors here, with their `Retry-After`. A 404 is one of them: a failed provider has been seen to answer
/// it on every path (`docs/salto-ks.md`, Environments).
async fn send(
    client: &SaltoClient,
    request: oauth2::HttpRequest,
) -> Result<oauth2::HttpResponse, CallError> {
    let mut request = reqwest::Request::try_from(request)
        .map_err(|_| CallError::unreadable("the identity provider's address is unusable"))?;
    if let Some(authorization) = request.headers_mut().get_mut(reqwest::header::AUTHORIZATION) {
        authorization.set_sensitive(true);
    }
    let response = client.http.0.execute(request).await.map_err(|error| unavailable(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    tracing::debug!(status = status.as_u16(), "answer of the identity provider");
    let cause = match status {
        StatusCode::TOO_MANY_REQUESTS => Some(Cause::RateLimited),
        StatusCode::NOT_FOUND => Some(Cause::Unavailable),
        status if status.is_server_error() || status.is_redirection() => Some(Cause::Unavailable),
        _ => None,
    };
    if let Some(cause) = cause {
        let mut error = CallError::new(cause, "requesting a token");
        error.status = Some(status.as_u16());
        return Err(error.with_retry_after(retry_after(&headers, Utc::now())));
    }
    let body = read_body(response, BODY_LIMIT).await?;
    if status.is_success() {
        return token_answer::readable(&body);
    }
    let mut answer = oauth2::HttpResponse::new(body.to_vec());
    *answer.status_mut() = status;
    Ok(answer)
}

fn unavailable(error: &reqwest::Error) -> CallError {
    CallError { cause: Cause::Unavailable, ..call_error(error) }
}
