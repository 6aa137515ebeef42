//! The grant `access_code` (`docs/salto-ks.md`, Tokens), which is none of OAuth's. The request is made
//! here; its answer and errors are read like those of OAuth.

use oauth2::basic::{BasicErrorResponse, BasicTokenResponse};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse, RequestTokenError};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::grant::{GrantError, TIME_LIMIT, access, grant_error};
use super::token_answer;
use super::transport::Transport;
use crate::environment::Environment;
use crate::environment::url::below;
use crate::error::CallError;
use crate::http::salto_client::SaltoClient;

const GRANT_TYPE: &str = "access_code";

/// The exchange of an access code.
pub(crate) struct AccessCodeExchange<'a> {
    pub(crate) code: &'a SecretString,
    /// The form member that carries the code.
    pub(crate) parameter: &'a str,
    pub(crate) scope: Option<&'a str>,
}

/// Exchanges an access code for an access token. The form has the client, as for a refresh (decision).
pub(crate) async fn exchange_access_code(
    client: &SaltoClient,
    exchange: AccessCodeExchange<'_>,
) -> Result<SecretString, GrantError> {
    let transport = Transport { client, deadline: Instant::now() + TIME_LIMIT };
    let answered = transport.call(request(&client.environment, exchange)?).await;
    let granted = answered.map_err(RequestTokenError::Request).and_then(|answer| read(&answer));
    access(&granted.map_err(grant_error)?).map_err(GrantError::Unusable)
}

fn request(
    environment: &Environment,
    exchange: AccessCodeExchange<'_>,
) -> Result<HttpRequest, CallError> {
    let AccessCodeExchange { code, parameter, scope } = exchange;
    let client_secret = environment.client_secret().map(|secret| ("client_secret", secret));
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", GRANT_TYPE)
        .append_pair(parameter, code.expose_secret())
        .append_pair("client_id", &environment.client_id)
        .extend_pairs(client_secret)
        .extend_pairs(scope.map(|scope| ("scope", scope)));
    let form = Zeroizing::new(form.finish());
    let url = below(&environment.identity_url, &["connect", "token"]);
    let unusable = |_| CallError::unreadable("the identity provider's address is unusable");
    let mut request = HttpRequest::new(form.as_bytes().to_vec());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url.as_str().parse().map_err(unusable)?;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let form_encoded = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form_encoded);
    Ok(request)
}

/// Whether the answer to a token request has a usable token, for the program that fuzzes its reading.
pub(crate) fn has_token(body: &[u8]) -> bool {
    let mut refused = HttpResponse::new(body.to_vec());
    *refused.status_mut() = StatusCode::BAD_REQUEST;
    drop(read(&refused).map_err(grant_error));
    let granted = token_answer::readable(body).ok().and_then(|answer| read(&answer).ok());
    granted.is_some_and(|granted| access(&granted).is_ok())
}

fn read(
    answer: &HttpResponse,
) -> Result<BasicTokenResponse, RequestTokenError<CallError, BasicErrorResponse>> {
    // The error of the JSON reader may quote the body, and is dropped.
    let not_oauth = || RequestTokenError::Other(String::new());
    if answer.status() == StatusCode::OK {
        return serde_json::from_slice(answer.body()).map_err(|_| not_oauth());
    }
    let refused = serde_json::from_slice(answer.body()).map_err(|_| not_oauth())?;
    Err(RequestTokenError::ServerResponse(refused))
}
