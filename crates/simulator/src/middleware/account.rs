//! The account that a call is made for: named in the form of a token request, known by the bearer
//! token of any other call.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use url::form_urlencoded;

use crate::cloud::{Cloud, CloudState};
use crate::faults::CallKind;
use crate::wire::{bearer_token, empty_answer};

/// Bodies of calls to the two hosts are far smaller than this.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;

/// A request, and the account that it is for.
pub(super) struct RequestOfAccount {
    pub(super) request: Request,
    /// None where no fault depends on it, or where it is not known.
    pub(super) username: Option<String>,
}

/// Finds the account of a request, which it leaves unchanged. A body that cannot be read is answered
/// with 400.
pub(super) async fn find_account(
    cloud: &Cloud,
    kind: CallKind,
    request: Request,
) -> Result<RequestOfAccount, Response> {
    if !cloud.state().faults.depends_on_account() {
        return Ok(RequestOfAccount { request, username: None });
    }
    if kind != CallKind::Token {
        let token = bearer_token(request.headers());
        let state = cloud.state();
        let grant = token.and_then(|token| state.tokens.access(token, cloud.clock.now()));
        let username = grant.map(|grant| grant.username.to_string());
        drop(state);
        return Ok(RequestOfAccount { request, username });
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return Err(empty_answer(StatusCode::BAD_REQUEST));
    };
    let username = account_of_token_request(&cloud.state(), &body);
    Ok(RequestOfAccount { request: Request::from_parts(parts, Body::from(body)), username })
}

fn account_of_token_request(state: &CloudState, form: &[u8]) -> Option<String> {
    form_urlencoded::parse(form).find_map(|(name, value)| match &*name {
        "username" => Some(value.into_owned()),
        "refresh_token" => state.tokens.refresh_owner(&value).map(str::to_owned),
        "code" => state.login_codes.peek(&value).map(|code| code.grant.username.to_string()),
        "access_code" => state.access_codes.peek(&value).map(|code| code.invited_by.to_string()),
        _ => None,
    })
}
