//! Token requests on the wire: our HTTP client, as the `oauth2` crate wants it.

use std::pin::Pin;

use chrono::Utc;
use oauth2::AsyncHttpClient;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::answer::retry_after;
use crate::breaker::Health;
use crate::call::{Api, lost, read_body};
use crate::error::{CallError, Cause};

const BODY_LIMIT: usize = 64 << 10;

/// The identity provider of an environment, asked until then.
pub(super) struct Transport<'a> {
    pub(super) api: &'a Api,
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
