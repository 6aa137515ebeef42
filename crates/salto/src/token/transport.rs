//! The transport of token requests: the HTTP client, in the form that the `oauth2` crate needs.

use std::pin::Pin;

use chrono::Utc;
use oauth2::AsyncHttpClient;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::token_answer;
use crate::breaker::{CallPath, HostHealth};
use crate::error::{CallError, Cause};
use crate::http::answer::retry_after;
use crate::http::salto_client::{SaltoClient, call_error, health_without_answer, read_body};

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
    let client = transport.client;
    let permit = client.breakers.identity.permit(CallPath::of_integration(&client.caller))?;
    let answered = timeout_at(transport.deadline, send(client, request)).await;
    let answered = answered.unwrap_or_else(|_| {
        let late = CallError::new(Cause::Unavailable, "no token within the time limit");
        Err((late, HostHealth::Failed))
    });
    match answered {
        Ok(answer) => {
            permit.record(health(&answer), &"an answer that is not in OAuth's form");
            Ok(answer)
        }
        Err((error, health)) => {
            permit.record(health, &error);
            Err(error)
        }
    }
}

/// Whether the identity provider itself answered: with a token, with an OAuth error, or with 401.
fn health(answer: &oauth2::HttpResponse) -> HostHealth {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let is_oauth = body["access_token"].is_string() || body["error"].is_string();
    if is_oauth || answer.status() == StatusCode::UNAUTHORIZED {
        HostHealth::Up
    } else {
        HostHealth::Failed
    }
}

/// Sends the request that the `oauth2` crate made. Answers with a status that OAuth does not define are
/// errors here, with their `Retry-After`. A 404 is one of them: a failed provider has been seen to answer
/// it on every path (`docs/salto-ks.md`, Environments). Each error comes with what it says about the provider.
async fn send(
    client: &SaltoClient,
    request: oauth2::HttpRequest,
) -> Result<oauth2::HttpResponse, (CallError, HostHealth)> {
    let failed = |error| (error, HostHealth::Failed);
    let unusable = |_| CallError::unreadable("the identity provider's address is unusable");
    let request = reqwest::Request::try_from(request).map_err(unusable);
    let mut request = request.map_err(failed)?;
    if let Some(authorization) = request.headers_mut().get_mut(reqwest::header::AUTHORIZATION) {
        authorization.set_sensitive(true);
    }
    let response = client.http.execute(request).await.map_err(|error| unavailable(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    tracing::debug!(status = status.as_u16(), "answer of the identity provider");
    let not_granted = match status {
        StatusCode::TOO_MANY_REQUESTS => Some((Cause::RateLimited, HostHealth::Up)),
        status
            if status == StatusCode::NOT_FOUND
                || status.is_server_error()
                || status.is_redirection() =>
        {
            Some((Cause::Unavailable, HostHealth::Failed))
        }
        _ => None,
    };
    if let Some((cause, health)) = not_granted {
        let mut error = CallError::new(cause, "requesting a token");
        error.status = Some(status.as_u16());
        return Err((error.with_retry_after(retry_after(&headers, Utc::now())), health));
    }
    let body = read_body(response, BODY_LIMIT).await.map_err(failed)?;
    if status.is_success() {
        return token_answer::readable(&body).map_err(|error| match error.cause {
            // The provider itself answered.
            Cause::TokenUnusable => (error, HostHealth::Up),
            _ => (error, HostHealth::Failed),
        });
    }
    let mut answer = oauth2::HttpResponse::new(body.to_vec());
    *answer.status_mut() = status;
    Ok(answer)
}

fn unavailable(error: &reqwest::Error) -> (CallError, HostHealth) {
    let health = health_without_answer(error);
    (CallError { cause: Cause::Unavailable, ..call_error(error) }, health)
}
