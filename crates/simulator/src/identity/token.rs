//! `POST /connect/token`: grants `password` and `refresh_token`. [S1][M]

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::json;

use super::client::Credentials;
use super::error::OAuthError;
use super::form::Form;
use crate::answer::json_answer;
use crate::cloud::{Cloud, Grant, Live};
use crate::same_text::same_text;
use crate::world::Client;

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
    now: chrono::DateTime<chrono::Utc>,
) -> (&'static str, String, Result<Grant, OAuthError>) {
    match form.get("grant_type") {
        Some("password") => {
            let username = form.get("username").unwrap_or_default().to_owned();
            ("password", username, by_password(live, headers, form))
        }
        Some("refresh_token") => {
            let decision = by_refresh_token(live, headers, form, now);
            let username = decision.as_ref().map(|grant| grant.username.to_string());
            ("refresh_token", username.unwrap_or_default(), decision)
        }
        Some(_) => ("other", String::new(), Err(OAuthError::grant_type())),
        None => ("other", String::new(), Err(OAuthError::request("grant_type is missing"))),
    }
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
    Ok(Grant { username, client_id: client.id.clone(), scope })
}

/// The client may come either way; the spent token is replaced by a new one.
fn by_refresh_token(
    live: &mut Live,
    headers: &HeaderMap,
    form: &Form,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Grant, OAuthError> {
    let client = Credentials::read(headers, form)?.client(&live.world)?;
    let scope = form.get("scope").map(|scope| granted_scope(client, Some(scope))).transpose()?;
    let client_id = client.id.clone();
    let Some(token) = form.get("refresh_token") else {
        return Err(OAuthError::request("refresh_token is missing"));
    };
    let unknown = OAuthError::grant("the refresh token is unknown, spent, revoked or expired");
    let mut grant = live.tokens.redeem(token, &client_id, now).ok_or(unknown)?;
    if let Some(scope) = scope {
        grant.scope = scope;
    }
    Ok(grant)
}

fn granted_scope(client: &Client, asked: Option<&str>) -> Result<String, OAuthError> {
    let asked = asked.ok_or(OAuthError::scope())?;
    let known = |scope: &str| client.scopes.iter().any(|one| one == scope);
    if asked.split(' ').all(known) { Ok(asked.to_owned()) } else { Err(OAuthError::scope()) }
}
