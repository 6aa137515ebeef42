//! The grant `access_code` \[S1\], which OAuth and the `oauth2` crate have no word for: the request is
//! made here, its answer and errors are read as theirs.

use oauth2::basic::{BasicErrorResponse, BasicTokenResponse};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse, RequestTokenError};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::grant::{GrantError, TIME_LIMIT, access, explain};
use super::transport::Transport;
use crate::call::Api;
use crate::environment::{Environment, below};
use crate::error::CallError;

const GRANT_TYPE: &str = "access_code";

/// Exchanges the code, which comes with the name of its form member, for an access token. The client
/// is in the form, as for a refresh \[S1\] (decision).
pub(crate) async fn exchange_access_code(
    api: &Api,
    code: (&str, &SecretString),
    scope: Option<&str>,
) -> Result<SecretString, GrantError> {
    let transport = Transport { api, deadline: Instant::now() + TIME_LIMIT };
    let answered = transport.call(request(&api.environment, code, scope)?).await;
    let granted = answered.map_err(RequestTokenError::Request).and_then(|answer| read(&answer));
    access(&granted.map_err(explain)?).map_err(GrantError::Failed)
}

fn request(
    environment: &Environment,
    (parameter, code): (&str, &SecretString),
    scope: Option<&str>,
) -> Result<HttpRequest, CallError> {
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

fn read(
    answer: &HttpResponse,
) -> Result<BasicTokenResponse, RequestTokenError<CallError, BasicErrorResponse>> {
    // What is in the way of reading it may quote it.
    let none_of_oauths = || RequestTokenError::Other(String::new());
    if answer.status() == StatusCode::OK {
        return serde_json::from_slice(answer.body()).map_err(|_| none_of_oauths());
    }
    let refused = serde_json::from_slice(answer.body()).map_err(|_| none_of_oauths())?;
    Err(RequestTokenError::ServerResponse(refused))
}
