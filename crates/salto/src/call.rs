//! One call to the Connect API: sent with a token and a time limit, its answer read within bounds.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use reqwest::{Method, Request, Response, StatusCode};
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::time::timeout;
use url::Position::{AfterPort, BeforeHost};
use url::Url;
use zeroize::Zeroizing;

use crate::answer::{self, Subject};
use crate::breaker::{Breakers, Health};
use crate::clock::SaltoClock;
use crate::environment::Environment;
use crate::error::{CallError, Cause};
use crate::http_client::Http;

/// For a call from connecting to the last byte of its answer.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// A page of 20 locks is some 10 kB; nothing sensible is larger than this.
const BODY_LIMIT: usize = 4 << 20;

/// Where calls go and what all of them share.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) http: Http,
    pub(crate) environment: Arc<Environment>,
    pub(crate) clock: Arc<SaltoClock>,
    pub(crate) breakers: Arc<Breakers>,
}

/// A 2xx answer, read.
pub(crate) struct Answer {
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Api {
    /// A call with a JSON body or none.
    pub(crate) async fn call(
        &self,
        bearer: HeaderValue,
        method: Method,
        url: Url,
        body: Option<Value>,
        subject: Subject,
    ) -> Result<Answer, CallError> {
        let permit = self.breakers.api.ask()?;
        let mut request = request(method, url, bearer);
        *request.body_mut() = body.map(|body| body.to_string().into());
        let answered = timeout(CALL_TIMEOUT, self.exchange(request, subject)).await;
        let no_answer = || CallError::new(Cause::Unanswered, "no answer within the time limit");
        match answered.unwrap_or_else(|_| Err((no_answer(), Health::Down))) {
            Ok(answer) if is_json(&answer.body) => {
                permit.works();
                Ok(answer)
            }
            // Whoever reads it says what is wrong with it.
            Ok(answer) => {
                permit.tell(Health::Down, None, &"an answer that is not JSON");
                Ok(answer)
            }
            Err((error, host)) => {
                permit.tell(host, None, &error);
                Err(error)
            }
        }
    }

    /// The answer, or why there is none and what that says about the host.
    async fn exchange(
        &self,
        request: Request,
        subject: Subject,
    ) -> Result<Answer, (CallError, Health)> {
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.send(request).await.map_err(|error| (lost(&error), Health::Down))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_body(response, BODY_LIMIT).await.map_err(|error| (error, Health::Down))?;
        tracing::debug!(%method, path, status = status.as_u16(), "Salto answered");
        if status.is_success() {
            return Ok(Answer { body });
        }
        let (error, row) = answer::refusal(status, &headers, &body, subject);
        let host = match subject {
            // There need not be a log, and the path of an unpublished call may be a wrong one: the
            // absence says nothing.
            Subject::Entries | Subject::Unpublished if status == StatusCode::NOT_FOUND => {
                Health::Untold
            }
            Subject::Entries
            | Subject::Unpublished
            | Subject::Sites
            | Subject::Site
            | Subject::Lock
            | Subject::Iq
            | Subject::FirstSecret => row.host,
        };
        Err((error, host))
    }

    /// Sends a request and takes the clock offset from its answer.
    pub(crate) async fn send(&self, request: Request) -> Result<Response, reqwest::Error> {
        let sent = Utc::now();
        let response = self.http.0.execute(request).await?;
        self.observe(response.headers(), sent);
        Ok(response)
    }

    fn observe(&self, headers: &HeaderMap, sent: chrono::DateTime<Utc>) {
        if let Some(date) = headers.get(DATE).and_then(|date| date.to_str().ok()) {
            self.clock.observe(date, sent, Utc::now());
        }
    }
}

/// An empty answer is as good.
fn is_json(body: &[u8]) -> bool {
    body.is_empty() || serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// A request with this `Authorization` and, where it will have a body, its type.
pub(crate) fn request(method: Method, url: Url, bearer: HeaderValue) -> Request {
    let with_body = method != Method::GET;
    let mut request = Request::new(method, url);
    request.headers_mut().insert(AUTHORIZATION, bearer);
    if with_body {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    request
}

/// A body of at most `limit` bytes.
pub(crate) async fn read_body(
    mut response: Response,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, CallError> {
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(CallError::unreadable("an answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A call that ended without a whole answer.
pub(crate) fn lost(error: &reqwest::Error) -> CallError {
    if !error.is_connect() {
        return CallError::new(Cause::Unanswered, root(error));
    }
    let why = match error.url() {
        Some(url) => {
            format!("no connection to {}: {}", &url[BeforeHost..AfterPort], root(error))
        }
        None => root(error),
    };
    CallError::new(Cause::Unavailable, why)
}

/// The innermost error, e.g. "Connection refused": the outer ones repeat the address.
pub(crate) fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
