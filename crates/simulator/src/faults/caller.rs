//! Whose call it is: of a token request by its form, of any other by its token.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded;

use super::call::CallKind;
use super::gate::BODY_LIMIT;
use crate::answer::empty_answer;
use crate::cloud::{Cloud, Live};
use crate::connect::bearer_token;

/// The user that a call is made for, where it names one and a fault asks for it; and the call as it
/// was.
pub(super) async fn caller(
    cloud: &Cloud,
    kind: CallKind,
    request: Request,
) -> Result<(Option<String>, Request), Response> {
    if !cloud.live().faults.name_users() {
        return Ok((None, request));
    }
    if kind != CallKind::Token {
        let token = bearer_token(request.headers());
        let live = cloud.live();
        let grant = token.and_then(|token| live.tokens.access(token, cloud.clock.now()));
        let username = grant.map(|grant| grant.username.to_string());
        drop(live);
        return Ok((username, request));
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return Err(empty_answer(StatusCode::BAD_REQUEST));
    };
    let username = asking_user(&cloud.live(), &body);
    Ok((username, Request::from_parts(parts, Body::from(body))))
}

/// Named in the password grant, known by the refresh token, the code or the access code otherwise.
fn asking_user(live: &Live, form: &[u8]) -> Option<String> {
    form_urlencoded::parse(form).find_map(|(name, value)| match &*name {
        "username" => Some(value.into_owned()),
        "refresh_token" => live.tokens.refresh_owner(&value).map(str::to_owned),
        "code" => live.login_codes.look(&value).map(|it| it.grant.username.to_string()),
        "access_code" => live.access_codes.look(&value).map(|it| it.invited_by.to_string()),
        _ => None,
    })
}
