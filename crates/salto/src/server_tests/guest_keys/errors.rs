//! Refusals of an access code, an exchange and a digital key: every error says what to do.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::server::{Reply, Server};
use super::super::{account, salto};
use super::{access_code, app, call_error, guest, member, with_keys};
use crate::{Cause, GuestKeyError};

/// The error of a call for an access code that Salto answers like this.
async fn access_code_error(
    status: u16,
    headers: &'static str,
    body: &'static str,
) -> GuestKeyError {
    let server = Server::start(move |request| match request.path.as_str() {
        path if path.ends_with("/access_codes") => Reply::with(status, headers, body),
        _ => salto(request).unwrap(),
    });
    let server = server.await;
    member(with_keys(&server.url), account()).access_code(&json!({})).await.unwrap_err()
}

/// The error of an exchange that the identity provider answers like this.
async fn exchange_error(status: u16, headers: &'static str, body: &'static str) -> GuestKeyError {
    let server = Server::start(move |_| Reply::with(status, headers, body)).await;
    app(with_keys(&server.url)).exchange(&access_code()).await.unwrap_err()
}

/// The error of creating a key that Salto answers like this.
async fn creation_error(status: u16, headers: &'static str, body: &'static str) -> GuestKeyError {
    let (_server, token) = guest(move || Reply::with(status, headers, body)).await;
    token.create_digital_key(&json!({})).await.unwrap_err()
}

#[tokio::test]
async fn refusals_of_an_access_code_say_what_to_do() {
    for status in [404, 405] {
        let text = access_code_error(status, "", "").await.to_string();
        assert!(text.contains("is guest_keys.access_code_path right?"), "{text}");
        assert!(text.ends_with(&format!("Salto refuses this (HTTP {status})")), "{text}");
    }
    let salto =
        access_code_error(404, "", r#"{"ErrorCode":1000,"Message":"Jane Doe"}"#).await.to_string();
    assert!(salto.contains("access_code_path") && !salto.contains("Jane"), "{salto}");
    let text = access_code_error(403, "", r#"{"ErrorCode":2203}"#).await.to_string();
    assert!(text.contains("pod_member") && text.contains("code 2203"), "{text}");
    assert_eq!(
        call_error(access_code_error(400, "", r#"{"ErrorCode":1101}"#).await).cause,
        Cause::Forbidden
    );
    assert_eq!(call_error(access_code_error(401, "", "").await).cause, Cause::TokenRejected);
    let limited = call_error(access_code_error(429, "Retry-After: 30\r\n", "").await);
    assert_eq!(limited.retry_after, Some(Duration::from_secs(30)));
    let text = access_code_error(200, "", r#"{"token":"code-hush"}"#).await.to_string();
    assert!(text.contains("the members token") && !text.contains("hush"), "{text}");
}

#[tokio::test]
async fn refusals_of_an_exchange_say_what_to_do() {
    for (error, part) in [
        ("invalid_grant", "was used before"),
        ("invalid_client", "client_secret"),
        ("invalid_scope", "guest_keys.scope"),
        ("invalid_request", "guest_keys.code_parameter"),
        ("unsupported_grant_type", "have Salto give it the grant"),
        ("unauthorized_client", "have Salto give it the grant"),
        ("of_its_own", "refuses to exchange"),
    ] {
        let body = json!({"error": error, "error_description": "Jane Doe"}).to_string();
        let text = exchange_error(400, "", body.leak()).await.to_string();
        assert!(text.contains(part) && text.contains(error), "{text}");
        assert!(!text.contains("Jane"), "{text}");
    }
    let limited = call_error(exchange_error(429, "Retry-After: 30\r\n", "").await);
    let half_a_minute = Some(Duration::from_secs(30));
    assert_eq!((limited.cause, limited.retry_after), (Cause::RateLimited, half_a_minute));
    for (status, body) in [
        (404, ""),
        (503, ""),
        (400, ""),
        (200, ""),
        (200, r#"{"access_token":"","token_type":"Bearer"}"#),
        (200, r#"{"access_token":"guest\nhush","token_type":"Bearer"}"#),
        (200, r#"{"token":"guest-hush"}"#),
    ] {
        let call = call_error(exchange_error(status, "", body).await);
        let cause = if body.contains("token") { Cause::TokenUnusable } else { Cause::Unavailable };
        assert_eq!(call.cause, cause, "{status} {body}");
        assert!(!format!("{call} {call:?}").contains("hush"), "{call:?}");
    }
}

#[tokio::test]
async fn refusals_of_a_key_say_what_to_do() {
    for status in [404, 405] {
        let text = creation_error(status, "", "").await.to_string();
        assert!(text.contains("is guest_keys.digital_key_path right?"), "{text}");
    }
    let rejected = creation_error(401, "", "").await.to_string();
    assert!(rejected.contains("no longer accepts"), "{rejected}");
    for (status, body) in [(403, r#"{"ErrorCode":2203}"#), (400, r#"{"ErrorCode":1101}"#)] {
        let text = creation_error(status, "", body).await.to_string();
        assert!(text.contains("what the request must have"), "{text}");
    }
    assert_eq!(creation_error(200, "", "<html>hush").await, GuestKeyError::KeyUnreadable);
    let limited = call_error(creation_error(429, "Retry-After: 30\r\n", "").await);
    assert_eq!(limited.retry_after, Some(Duration::from_secs(30)));
    let (_server, token) = guest(|| Reply::with(204, "", "")).await;
    assert_eq!(token.create_digital_key(&json!({})).await, Ok(Value::Null));
}
