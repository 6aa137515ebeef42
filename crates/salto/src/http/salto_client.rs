//! Calls to the hosts of one environment: each call is sent with a token and a time limit, and its
//! answer is read up to a limit.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AGE, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use reqwest::{Method, Request, Response, StatusCode};
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};
use url::Position::{AfterPort, BeforeHost};
use url::Url;
use zeroize::Zeroizing;

use super::answer::{self, CallTarget};
use super::client::Http;
use crate::breaker::{Breakers, Caller, HostHealth};
use crate::clock::{Reading, SaltoClock};
use crate::environment::Environment;
use crate::error::{CallError, Cause};

/// The time limit of a call, from connecting to the last byte of its answer.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// The limit of an answer's length. A page of 20 locks has about 10 kB; where Salto sends all of a site's locks at once,
/// 8,000 fit.
const BODY_LIMIT: usize = 4 << 20;

/// The client of one environment: HTTP client, addresses, clock and circuit breakers; and whom its calls are
/// made for.
#[derive(Debug, Clone)]
pub(crate) struct SaltoClient {
    pub(crate) caller: Arc<Caller>,
    pub(crate) http: Http,
    pub(crate) environment: Arc<Environment>,
    pub(crate) clock: Arc<SaltoClock>,
    pub(crate) breakers: Arc<Breakers>,
}

/// A call to the Connect API.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) body: Option<Value>,
    /// What the call is about.
    pub(crate) target: CallTarget<'a>,
}

/// The body of a 2xx answer.
pub(crate) struct Answer {
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl SaltoClient {
    /// Makes a call to the Connect API with this `Authorization`.
    pub(crate) async fn call(
        &self,
        bearer: HeaderValue,
        call: Call<'_>,
    ) -> Result<Answer, CallError> {
        let permit = self.breakers.api.permit(answer::path(&self.caller, call.target))?;
        let mut request = request(call.method, call.url, bearer);
        *request.body_mut() = call.body.map(|body| body.to_string().into());
        let answered = timeout(CALL_TIMEOUT, self.exchange(request, call.target)).await;
        let no_answer = || CallError::new(Cause::Unanswered, "no answer within the time limit");
        match answered.unwrap_or_else(|_| Err((no_answer(), HostHealth::Failed))) {
            Ok(answer) if is_json(&answer.body) => {
                permit.record_success();
                Ok(answer)
            }
            // The caller reports what is wrong with the answer.
            Ok(answer) => {
                permit.record(HostHealth::Failed, &"an answer that is not JSON");
                Ok(answer)
            }
            Err((error, health)) => {
                permit.record(health, &error);
                Err(error)
            }
        }
    }

    /// The answer, or an error with what it says about the host.
    async fn exchange(
        &self,
        request: Request,
        target: CallTarget<'_>,
    ) -> Result<Answer, (CallError, HostHealth)> {
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.send(request).await.map_err(|error| {
            let health = health_without_answer(&error);
            (call_error(&error), health)
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_body(response, BODY_LIMIT).await;
        let body = body.map_err(|error| (error, HostHealth::Failed))?;
        tracing::debug!(%method, path, status = status.as_u16(), "answer of the Connect API");
        if status.is_success() {
            return Ok(Answer { body });
        }
        let (error, row) = answer::refusal(status, &headers, &body, target);
        let health = match target {
            // The event log may not exist, and the path of an unpublished call may be a wrong one: a
            // 404 says nothing about the host.
            CallTarget::EventLog | CallTarget::Unpublished if status == StatusCode::NOT_FOUND => {
                HostHealth::Unknown
            }
            CallTarget::EventLog
            | CallTarget::Unpublished
            | CallTarget::Sites
            | CallTarget::Site
            | CallTarget::Lock
            | CallTarget::Iq(_)
            | CallTarget::FirstSecret(_) => row.health,
        };
        Err((error, health))
    }

    /// Sends a request and takes the clock offset from its answer.
    pub(crate) async fn send(&self, request: Request) -> Result<Response, reqwest::Error> {
        let sent = self.clock.reading();
        let response = self.http.execute(request).await?;
        if is_of_salto(&response) {
            self.observe(response.headers(), sent);
        }
        Ok(response)
    }

    fn observe(&self, headers: &HeaderMap, sent: Reading) {
        // An answer from a cache says what time it was when Salto gave it.
        if headers.get(AGE).is_some_and(|age| age != "0") {
            return;
        }
        if let Some(date) = headers.get(DATE).and_then(|date| date.to_str().ok()) {
            self.clock.observe(date, sent);
        }
    }
}

/// Whether an answer may be Salto's own, by its head: a host in front of it may have another time.
fn is_of_salto(response: &Response) -> bool {
    let status = response.status();
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_page = content_type.is_some_and(|it| it.to_ascii_lowercase().starts_with(b"text/html"));
    (status.is_success() || status.is_client_error()) && !is_page
}

/// Whether the body is JSON. An empty body is accepted too.
fn is_json(body: &[u8]) -> bool {
    body.is_empty() || serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// A request with this `Authorization` and, where it will have a body, the type of it.
pub(crate) fn request(method: Method, url: Url, bearer: HeaderValue) -> Request {
    let with_body = method != Method::GET;
    let mut request = Request::new(method, url);
    request.headers_mut().insert(AUTHORIZATION, bearer);
    if with_body {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    request
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read_body(
    response: Response,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, CallError> {
    let mut body = Zeroizing::new(Vec::new());
    read_into(&mut body, response, limit).await?;
    Ok(body)
}

/// What has arrived of a body.
pub(crate) struct ReceivedBody {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// Whether that is the whole body.
    pub(crate) whole: bool,
}

/// Reads what arrives of a body until `deadline`, at most `limit` bytes.
pub(crate) async fn read_until(
    response: Response,
    limit: usize,
    deadline: Instant,
) -> ReceivedBody {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = timeout_at(deadline, read_into(&mut bytes, response, limit)).await;
    ReceivedBody { whole: matches!(read, Ok(Ok(()))), bytes }
}

/// Reads at most `limit` bytes into `body`. After an error, `body` has what arrived before it.
async fn read_into(
    body: &mut Vec<u8>,
    mut response: Response,
    limit: usize,
) -> Result<(), CallError> {
    while let Some(chunk) = response.chunk().await.map_err(|error| call_error(&error))? {
        let space = limit - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(space)]);
        if chunk.len() > space {
            return Err(CallError::unreadable("an answer is too large"));
        }
    }
    Ok(())
}

/// What a call without an answer says about the host: only where there was no connection, the host itself
/// did not work.
pub(crate) fn health_without_answer(error: &reqwest::Error) -> HostHealth {
    if error.is_connect() { HostHealth::Unreachable } else { HostHealth::Failed }
}

/// The error of a call without a whole answer.
pub(crate) fn call_error(error: &reqwest::Error) -> CallError {
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
fn root(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
