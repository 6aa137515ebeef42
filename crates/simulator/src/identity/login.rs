//! The login page at `/connect/authorize`, and the way back to whoever sent the browser. [S1]

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use bytes::Bytes;
use url::Url;
use uuid::Uuid;

use super::authorize::{Asked, Refusal};
use super::form::Form;
use crate::answer::empty_answer;
use crate::cloud::{Cloud, Grant, Holder, SignIn};
use crate::same_text::same_text;

const PAGE: &str = include_str!("login.html");
const WRONG: &str = "User name or password is wrong.";

/// `GET`: the form, which is sent to the address it was got from.
pub(super) async fn page(State(cloud): State<Arc<Cloud>>, RawQuery(query): RawQuery) -> Response {
    match Asked::read(&cloud.live().world, query.as_deref().unwrap_or_default()) {
        Ok(_) => form(StatusCode::OK, ""),
        Err(refusal) => refusal.into_response(),
    }
}

/// `POST`: name and password, answered with the way back or with the form again.
pub(super) async fn sign_in(
    State(cloud): State<Arc<Cloud>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = cloud.clock.now();
    let mut live = cloud.live();
    let asked = match Asked::read(&live.world, query.as_deref().unwrap_or_default()) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_response(),
    };
    let Ok(login) = Form::parse(&headers, &body) else {
        return form(StatusCode::BAD_REQUEST, "The form cannot be read.");
    };
    let (name, password) = (login.get("username"), login.get("password").unwrap_or_default());
    let known = name
        .and_then(|name| live.account(name))
        .filter(|(_, account)| same_text(&account.password, password));
    let Some((username, _)) = known else { return form(StatusCode::OK, WRONG) };
    let grant = Grant {
        username,
        client_id: asked.client_id.clone(),
        scope: asked.scope.clone(),
        family: Uuid::new_v4(),
        holder: Holder::User,
    };
    let sign_in = SignIn {
        grant,
        redirect_uri: asked.redirect_uri.clone(),
        challenge: asked.challenge.clone(),
    };
    let code = live.login_codes.issue(sign_in, now);
    asked.back_with(&code).map_or_else(IntoResponse::into_response, |url| redirect(&url))
}

/// Nothing of the request is put into the page: there is nothing to escape.
fn form(status: StatusCode, problem: &'static str) -> Response {
    let html = Html(PAGE.replace("{{problem}}", problem));
    (status, [(header::CACHE_CONTROL, "no-store")], html).into_response()
}

/// 303: the browser must not send the password along.
fn redirect(url: &Url) -> Response {
    let mut response = empty_answer(StatusCode::SEE_OTHER);
    if let Ok(value) = HeaderValue::from_str(url.as_str()) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Here(problem) => (StatusCode::BAD_REQUEST, Html(problem)).into_response(),
            Self::Back(url) => redirect(&url),
        }
    }
}
