//! `POST /connect/token`: grants `password`, `authorization_code`, `refresh_token` and
//! `access_code`. [S1][M]

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::json;
use uuid::Uuid;

use super::access_code::by_access_code;
use super::client::Credentials;
use super::error::OAuthError;
use super::form::Form;
use super::pkce::verifies;
use super::scope::granted_scope;
use crate::answer::json_answer;
use crate::cloud::{Cloud, Grant, Holder, Live, Presented, Redeemed, SignIn};
use crate::same_text::same_text;

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
    let mut live = cloud.live();
    let (kind, username, decision) = decide(&mut live, &headers, &form, now);
    let count = live.records.tokens.entry((kind, username)).or_default();
    let grant = match decision {
        Ok(grant) => {
            count.granted += 1;
            grant
        }
        Err(error) => {
            count.denied += 1;
            return error.into_response();
        }
    };
    let lifetime = live.world.settings.token_lifetime_seconds;
    let mut answer = json!({
        "access_token": live.tokens.issue_access(grant.clone(), now, lifetime),
        "expires_in": lifetime,
        "token_type": "Bearer",
        "scope": grant.scope,
    });
    if grant.may_refresh() {
        answer["refresh_token"] = live.tokens.issue_refresh(grant, now).into();
    }
    let mut response = json_answer(StatusCode::OK, &answer);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The decision, with the grant type and the user it is counted under.
fn decide(
    live: &mut Live,
    headers: &HeaderMap,
    form: &Form,
    now: DateTime<Utc>,
) -> (&'static str, String, Result<Grant, OAuthError>) {
    match form.get("grant_type") {
        Some("password") => {
            let username = form.get("username").unwrap_or_default().to_owned();
            ("password", username, by_password(live, headers, form))
        }
        Some("authorization_code") => {
            counted("authorization_code", by_code(live, headers, form, now))
        }
        Some("refresh_token") => {
            counted("refresh_token", by_refresh_token(live, headers, form, now))
        }
        Some("access_code") => counted("access_code", by_access_code(live, headers, form, now)),
        Some(_) => ("other", String::new(), Err(OAuthError::grant_type())),
        None => ("other", String::new(), Err(OAuthError::request("grant_type is missing"))),
    }
}

/// Under the user's name where the decision brought one.
fn counted(
    kind: &'static str,
    decision: Result<Grant, OAuthError>,
) -> (&'static str, String, Result<Grant, OAuthError>) {
    let username = decision.as_ref().map(|grant| grant.username.to_string());
    (kind, username.unwrap_or_default(), decision)
}

/// The client must come by HTTP Basic. [S1]
fn by_password(live: &Live, headers: &HeaderMap, form: &Form) -> Result<Grant, OAuthError> {
    let credentials = Credentials::read(headers, form)?;
    if !credentials.is_basic() {
        return Err(OAuthError::client(false));
    }
    let client = credentials.client(&live.world)?;
    let scope = granted_scope(client, form.get("scope"))?;
    let (Some(username), Some(password)) = (form.get("username"), form.get("password")) else {
        return Err(OAuthError::request("username or password is missing"));
    };
    let known =
        live.account(username).filter(|(_, account)| same_text(&account.password, password));
    let Some((username, _)) = known else {
        return Err(OAuthError::grant("invalid_username_or_password"));
    };
    let (client_id, family) = (client.id.clone(), Uuid::new_v4());
    Ok(Grant { username, client_id, scope, family, holder: Holder::User })
}

/// A code is spent by its first presentation, whatever comes of it; a second one takes the tokens
/// back that the first brought (RFC 6749, 4.1.2).
fn by_code(
    live: &mut Live,
    headers: &HeaderMap,
    form: &Form,
    now: DateTime<Utc>,
) -> Result<Grant, OAuthError> {
    let client_id = Credentials::read(headers, form)?.client(&live.world)?.id.clone();
    let (Some(code), Some(redirect_uri), Some(verifier)) =
        (form.get("code"), form.get("redirect_uri"), form.get("code_verifier"))
    else {
        return Err(OAuthError::request("code, redirect_uri or code_verifier is missing"));
    };
    let refused = OAuthError::grant("the code is unknown, spent or expired, or not for this");
    let is_for = |sign_in: &SignIn| sign_in.grant.client_id == client_id;
    let sign_in = match live.login_codes.present(code, is_for, now) {
        Presented::Granted(sign_in) => sign_in,
        Presented::Reused(SignIn { grant, .. }) => {
            live.records.reused += 1;
            live.tokens.revoke_family(grant.family);
            return Err(refused);
        }
        Presented::Unknown => return Err(refused),
    };
    if sign_in.redirect_uri != redirect_uri || !verifies(verifier, &sign_in.challenge) {
        return Err(refused);
    }
    Ok(sign_in.grant)
}

/// The client may come any way; the spent token is replaced by a new one. Presenting a spent one
/// again revokes all that came of the same sign-in (RFC 9700, 4.14.2).
fn by_refresh_token(
    live: &mut Live,
    headers: &HeaderMap,
    form: &Form,
    now: DateTime<Utc>,
) -> Result<Grant, OAuthError> {
    let client = Credentials::read(headers, form)?.client(&live.world)?;
    let scope = form.get("scope").map(|scope| granted_scope(client, Some(scope))).transpose()?;
    let client_id = client.id.clone();
    let Some(token) = form.get("refresh_token") else {
        return Err(OAuthError::request("refresh_token is missing"));
    };
    let unknown = OAuthError::grant("the refresh token is unknown, spent, revoked or expired");
    let mut grant = match live.tokens.redeem(token, &client_id, now) {
        Redeemed::Granted(grant) => grant,
        Redeemed::Reused => {
            live.records.reused += 1;
            return Err(unknown);
        }
        Redeemed::Unknown => return Err(unknown),
    };
    if let Some(scope) = scope {
        grant.scope = scope;
    }
    Ok(grant)
}
