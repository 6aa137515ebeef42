//! The check whether one of Salto's hosts answers, and how far its clock is off, without an account.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::DATE;
use reqwest::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value};

use super::client::Http;
use super::salto_client::{call_error, read_body};
use crate::breaker::Host;
use crate::clock::estimate::sample;
use crate::environment::{Environment, url::below};
use crate::error::{CallError, Cause};

/// The limit of an answer's length. A discovery document has a few kB.
const BODY_LIMIT: usize = 256 << 10;

/// Asks the identity provider for its discovery document (`docs/salto-ks.md`, Environments), or the
/// Connect API for the sites without a token, which it refuses. Returns the host's clock minus this
/// machine's, to half a second, where the answer has a `Date`. The time limit is that of the connection
/// alone.
///
/// # Errors
/// The host cannot be reached, or something else answers in its place: the identity provider has been
/// seen to answer 404 on every path (`docs/salto-ks.md`, Environments).
pub async fn check_host(
    http: &Http,
    environment: &Environment,
    host: Host,
) -> Result<Option<TimeDelta>, CallError> {
    let url = match host {
        Host::Identity => {
            below(&environment.identity_url, &[".well-known", "openid-configuration"])
        }
        Host::Api => below(&environment.api_url, &["v1.2", "sites"]),
    };
    let sent = Utc::now();
    let response = http.execute(Request::new(Method::GET, url)).await;
    let response = response.map_err(|error| call_error(&error))?;
    let offset = offset(&response, sent);
    let status = response.status();
    let as_expected = match host {
        Host::Identity => status.is_success() && is_object(response).await?,
        Host::Api => matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
    };
    if as_expected {
        return Ok(offset);
    }
    let mut error = CallError::new(Cause::Unavailable, "the host does not answer as it should");
    error.status = Some(status.as_u16());
    Err(error)
}

async fn is_object(response: Response) -> Result<bool, CallError> {
    let body = read_body(response, BODY_LIMIT).await?;
    Ok(serde_json::from_slice::<Map<String, Value>>(&body).is_ok())
}

fn offset(response: &Response, sent: DateTime<Utc>) -> Option<TimeDelta> {
    let date = response.headers().get(DATE)?.to_str().ok()?;
    let way = Utc::now() - sent;
    (way >= TimeDelta::zero()).then(|| sample(date, sent, way)).flatten()
}
