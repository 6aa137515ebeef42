//! The login page at `/connect/authorize`, and the redirect back to the client.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use url::Url;
use uuid::Uuid;

use super::authorization_request::{AuthorizationError, AuthorizationRequest};
use super::form::Form;
use crate::cloud::{BrowserSignIn, Cloud, Grant, Holder};
use crate::wire::empty_answer;

const PAGE: &str = include_str!("login.html");
const WRONG_LOGIN: &str = "User name or password is wrong.";

/// `GET`: the form. Without an `action` it is posted to the URL of the page.
pub(super) async fn page(State(cloud): State<Arc<Cloud>>, RawQuery(query): RawQuery) -> Response {
    match AuthorizationRequest::parse(&cloud.state().world, query.as_deref().unwrap_or_default()) {
        Ok(_) => form(StatusCode::OK, ""),
        Err(error) => error.into_response(),
    }
}

/// `POST`: user name and password. The answer is the redirect, or the form with an error message.
pub(super) async fn sign_in(
    State(cloud): State<Arc<Cloud>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = cloud.clock.now();
    let mut state = cloud.state();
    let query = query.as_deref().unwrap_or_default();
    let request = match AuthorizationRequest::parse(&state.world, query) {
        Ok(request) => request,
        Err(error) => return error.into_response(),
    };
    let Ok(login) = Form::parse(&headers, &body) else {
        return form(StatusCode::BAD_REQUEST, "The form cannot be read.");
    };
    let (name, password) = (login.get("username"), login.get("password").unwrap_or_default());
    let Some(username) = name.and_then(|name| state.sign_in(name, password)) else {
        return form(StatusCode::OK, WRONG_LOGIN);
    };
    let grant = Grant {
        username,
        client_id: request.client_id.clone(),
        scope: request.scope.clone(),
        family: Uuid::new_v4(),
        holder: Holder::User,
    };
    let sign_in = BrowserSignIn {
        grant,
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge.clone(),
    };
    let code = state.login_codes.issue(sign_in, now);
    request.redirect_with_code(&code).map_or_else(IntoResponse::into_response, |url| redirect(&url))
}

/// The page contains nothing of the request, so that nothing needs to be escaped.
fn form(status: StatusCode, problem: &'static str) -> Response {
    let html = Html(PAGE.replace("{{problem}}", problem));
    (status, [(header::CACHE_CONTROL, "no-store")], html).into_response()
}

/// 303, so that the browser follows with GET and without the password.
fn redirect(url: &Url) -> Response {
    let mut response = empty_answer(StatusCode::SEE_OTHER);
    if let Ok(value) = HeaderValue::from_str(url.as_str()) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

impl IntoResponse for AuthorizationError {
    fn into_response(self) -> Response {
        match self {
            Self::Shown(problem) => (StatusCode::BAD_REQUEST, Html(problem)).into_response(),
            Self::Redirected(url) => redirect(&url),
        }
    }
}
