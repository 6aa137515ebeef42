//! `POST /connect/token` with the grants `password`, `authorization_code`, `refresh_token` and
//! `access_code` (`docs/salto-ks.md`, Tokens).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::access_code_grant::access_code_grant;
use super::credentials::Credentials;
use super::form::Form;
use super::grant_type::GrantType;
use super::oauth_error::OAuthError;
use super::pkce::verifies;
use super::scope::granted_scope;
use crate::cloud::{BrowserSignIn, Cloud, CloudState, Grant, Holder, Redeemed};
use crate::records::TokenRequester;
use crate::wire::json_answer;

pub(super) async fn token(
    State(cloud): State<Arc<Cloud>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = match Form::parse(&headers, &body) {
        Ok(form) => form,
        Err(error) => return error.into_response(),
    };
    let now = cloud.clock.now();
    let mut state = cloud.state();
    let TokenDecision { requester, result } = decide(&mut state, &headers, &form, now);
    let count = state.records.tokens.entry(requester).or_default();
    let grant = match result {
        Ok(grant) => {
            count.granted += 1;
            grant
        }
        Err(error) => {
            count.denied += 1;
            return error.into_response();
        }
    };
    let lifetime = state.world.settings.token_lifetime_seconds;
    let mut answer = json!({
        "access_token": state.tokens.issue_access(grant.clone(), now, lifetime),
        "expires_in": lifetime,
        "token_type": "Bearer",
        "scope": grant.scope,
    });
    if grant.may_refresh() {
        answer["refresh_token"] = state.tokens.issue_refresh(grant, now).into();
    }
    let mut response = json_answer(StatusCode::OK, &answer);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The decision on a token request, and what the request is counted by.
struct TokenDecision {
    requester: TokenRequester,
    result: Result<Grant, OAuthError>,
}

impl TokenDecision {
    /// A refusal of a request without a known grant type.
    fn unknown_grant_type(error: OAuthError) -> Self {
        let requester = TokenRequester { grant_type: "other", username: String::new() };
        Self { requester, result: Err(error) }
    }
}

fn decide(
    state: &mut CloudState,
    headers: &HeaderMap,
    form: &Form,
    now: DateTime<Utc>,
) -> TokenDecision {
    let Some(name) = form.get("grant_type") else {
        return TokenDecision::unknown_grant_type(OAuthError::invalid_request(
            "grant_type is missing",
        ));
    };
    let Some(grant_type) = GrantType::parse(name) else {
        return TokenDecision::unknown_grant_type(OAuthError::unsupported_grant_type());
    };
    let result = match grant_type {
        GrantType::AccessCode => access_code_grant(state, headers, form, now),
        GrantType::AuthorizationCode => authorization_code_grant(state, headers, form, now),
        GrantType::Password => password_grant(state, headers, form),
        GrantType::RefreshToken => refresh_token_grant(state, headers, form, now),
    };
    // A password request names its user. The user of any other is known by its grant only.
    let username = match grant_type {
        GrantType::Password => form.get("username").unwrap_or_default().to_owned(),
        GrantType::AccessCode | GrantType::AuthorizationCode | GrantType::RefreshToken => {
            result.as_ref().map(|grant| grant.username.to_string()).unwrap_or_default()
        }
    };
    let requester = TokenRequester { grant_type: grant_type.name(), username };
    TokenDecision { requester, result }
}

/// The client must authenticate by HTTP Basic.
fn password_grant(
    state: &CloudState,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Grant, OAuthError> {
    let credentials = Credentials::read(headers, form)?;
    if !credentials.is_basic() {
        return Err(OAuthError::invalid_client(false));
    }
    let client = credentials.client(&state.world)?;
    let scope = granted_scope(client, form.get("scope"))?;
    let (Some(username), Some(password)) = (form.get("username"), form.get("password")) else {
        return Err(OAuthError::invalid_request("username or password is missing"));
    };
    let username = state
        .sign_in(username, password)
        .ok_or(OAuthError::invalid_grant("invalid_username_or_password"))?;
    let (client_id, family) = (client.id.clone(), Uuid::new_v4());
    Ok(Grant { username, client_id, scope, family, holder: Holder::User })
}

/// The first presentation spends the code, whatever its result. A second one revokes the tokens of
/// the first (RFC 6749, 4.1.2).
fn authorization_code_grant(
    state: &mut CloudState,
    headers: &HeaderMap,
    form: &Form,
    now: DateTime<Utc>,
) -> Result<Grant, OAuthError> {
    let client_id = Credentials::read(headers, form)?.client(&state.world)?.id.clone();
    let (Some(code), Some(redirect_uri), Some(verifier)) =
        (form.get("code"), form.get("redirect_uri"), form.get("code_verifier"))
    else {
        let description = "code, redirect_uri or code_verifier is missing";
        return Err(OAuthError::invalid_request(description));
    };
    let refused = OAuthError::invalid_grant(
        "code is unknown, spent, expired, or for another client, redirect_uri or code_verifier",
    );
    let is_allowed = |sign_in: &BrowserSignIn| sign_in.grant.client_id == client_id;
    let sign_in = match state.login_codes.redeem(code, is_allowed, now) {
        Redeemed::Granted(sign_in) => sign_in,
        Redeemed::Reused(BrowserSignIn { grant, .. }) => {
            state.records.reused += 1;
            state.tokens.revoke_family(grant.family);
            return Err(refused);
        }
        Redeemed::Unknown => return Err(refused),
    };
    if sign_in.redirect_uri != redirect_uri || !verifies(verifier, &sign_in.challenge) {
        return Err(refused);
    }
    Ok(sign_in.grant)
}

/// The client may authenticate in any way. The token is spent and replaced by a new one. Presenting a
/// spent one revokes all tokens of the sign-in (RFC 9700, 4.14.2).
fn refresh_token_grant(
    state: &mut CloudState,
    headers: &HeaderMap,
    form: &Form,
    now: DateTime<Utc>,
) -> Result<Grant, OAuthError> {
    let client = Credentials::read(headers, form)?.client(&state.world)?;
    let scope = form.get("scope").map(|scope| granted_scope(client, Some(scope))).transpose()?;
    let client_id = client.id.clone();
    let Some(token) = form.get("refresh_token") else {
        return Err(OAuthError::invalid_request("refresh_token is missing"));
    };
    let refused = OAuthError::invalid_grant("refresh_token is unknown, spent, revoked or expired");
    let mut grant = match state.tokens.redeem(token, &client_id, now) {
        Redeemed::Granted(grant) => grant,
        Redeemed::Reused(_) => {
            state.records.reused += 1;
            return Err(refused);
        }
        Redeemed::Unknown => return Err(refused),
    };
    if let Some(scope) = scope {
        grant.scope = scope;
    }
    Ok(grant)
}
