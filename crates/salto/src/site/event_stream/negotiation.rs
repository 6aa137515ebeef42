//! Negotiation: where the connection is made, and with which token (`docs/salto-ks.md`, The event
//! stream).

use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, HeaderValue};
use reqwest::{Method, Request, StatusCode};
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use crate::error::{CallError, Cause};
use crate::http::salto_client::{SaltoClient, call_error, read_body, request};
use crate::token::bearer;

/// The time limit of one answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The limit of an answer's length.
const BODY_LIMIT: usize = 64 << 10;
/// The number of hosts that one negotiation may lead to.
const MAX_REDIRECTS: usize = 3;

/// Where the connection is made.
pub(super) struct Endpoint {
    /// `http` or `https`; the connection is upgraded to a WebSocket.
    pub(super) url: Url,
    pub(super) authorization: HeaderValue,
}

/// Asks the hub for a connection. The hub may name another host, with a token for it.
pub(super) async fn negotiate(
    client: &SaltoClient,
    hub: Url,
    authorization: HeaderValue,
) -> Result<Endpoint, CallError> {
    let mut endpoint = Endpoint { url: hub, authorization };
    for _ in 0..=MAX_REDIRECTS {
        let answer = ask(client, &endpoint).await?;
        if let Some(elsewhere) = answer["url"].as_str() {
            endpoint = redirected(&endpoint, elsewhere, &answer["accessToken"])?;
            continue;
        }
        let id = answer["connectionToken"].as_str().or_else(|| answer["connectionId"].as_str());
        let id = id.ok_or_else(|| unusable("the answer names no connection"))?;
        endpoint.url.query_pairs_mut().append_pair("id", id);
        return Ok(endpoint);
    }
    Err(unusable("the hub names one host after the other"))
}

async fn ask(client: &SaltoClient, endpoint: &Endpoint) -> Result<Value, CallError> {
    let mut url = endpoint.url.clone();
    let path = format!("{}/negotiate", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.query_pairs_mut().append_pair("negotiateVersion", "1");
    let mut request: Request = request(Method::POST, url, endpoint.authorization.clone());
    request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    let asked = async {
        let response = client.http.execute(request).await.map_err(|error| call_error(&error))?;
        refusal(response.status())?;
        read_body(response, BODY_LIMIT).await
    };
    let body = timeout(TIMEOUT, asked)
        .await
        .map_err(|_| CallError::new(Cause::Unanswered, "no answer within the time limit"))??;
    serde_json::from_slice(&body).map_err(|_| unusable("the answer is not JSON"))
}

/// What a status other than success means.
pub(super) fn refusal(status: StatusCode) -> Result<(), CallError> {
    let cause = match status {
        status if status.is_success() => return Ok(()),
        StatusCode::UNAUTHORIZED => Cause::TokenRejected,
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Cause::Forbidden,
        StatusCode::TOO_MANY_REQUESTS => Cause::RateLimited,
        _ => Cause::Unavailable,
    };
    let mut error = CallError::new(cause, "the event stream was refused");
    error.status = Some(status.as_u16());
    Err(error)
}

/// The other host must be as safe as the first one: no token goes over an open connection.
fn redirected(from: &Endpoint, to: &str, token: &Value) -> Result<Endpoint, CallError> {
    let url = Url::parse(to).ok().filter(|url| {
        url.host_str().is_some() && (url.scheme() == "https" || url.scheme() == from.url.scheme())
    });
    let url = url.ok_or_else(|| unusable("the hub names an address that cannot be used"))?;
    let authorization = match token.as_str() {
        Some(token) => bearer(&SecretString::from(token)),
        None if url.origin() == from.url.origin() => from.authorization.clone(),
        None => return Err(unusable("the hub names another host and gives no token for it")),
    };
    Ok(Endpoint { url, authorization })
}

fn unusable(detail: &'static str) -> CallError {
    CallError::new(Cause::Unavailable, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_goes_to_no_other_host_and_over_no_open_connection() {
        let bearer = HeaderValue::from_static("Bearer first");
        let url: Url = "https://hub.test/v1/hub/entries?site_id=1".parse().unwrap();
        let from = Endpoint { url, authorization: bearer };
        let to = |url, token| redirected(&from, url, &token);
        let other = to("https://other.test/client?hub=entries", json!("second")).unwrap();
        assert_eq!(other.authorization, "Bearer second");
        assert!(to("https://other.test/", json!(null)).is_err());
        assert!(to("http://hub.test/", json!("second")).is_err());
        assert!(to("hub", json!("second")).is_err());
        assert_eq!(to("https://hub.test/x", json!(null)).unwrap().authorization, "Bearer first");
    }

    #[test]
    fn a_status_has_its_cause() {
        for (status, cause) in [
            (401, Cause::TokenRejected),
            (403, Cause::Forbidden),
            (404, Cause::Forbidden),
            (429, Cause::RateLimited),
            (503, Cause::Unavailable),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(refusal(status).unwrap_err().cause, cause, "{status}");
        }
        assert!(refusal(StatusCode::OK).is_ok());
    }
}
