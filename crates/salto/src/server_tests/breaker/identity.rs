//! The circuit breaker of the identity provider.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::super::server::{Reply, Server};
use super::super::{LOCK, client, salto};
use super::{Behaviour, DOWN, MAX_OPEN, WORKING, integration, open, two_iqs};
use crate::Cause;

#[tokio::test]
async fn a_failing_identity_provider_gets_no_calls_and_doors_still_open() {
    for reply in [
        || Reply::with(404, "", r#"{"error":"invalid_client"}"#),
        || Reply::with(200, "", "<html>"),
        || Reply::with(503, "", ""),
        || Reply::Reset,
    ] {
        let behaviour = Behaviour::default();
        let server = {
            let behaviour = behaviour.clone();
            Server::start(move |request| match behaviour.0.load(Ordering::SeqCst) {
                DOWN if request.path == "/connect/token" => reply(),
                _ => two_iqs(request).unwrap_or_else(|| Reply::json(200, &json!({}))),
            })
            .await
        };
        let shared = client(&server.url);
        let (with_token, without) = (integration("acme", &shared), integration("other", &shared));
        with_token.prepare(LOCK).await.unwrap();
        behaviour.set(DOWN);
        for _ in 0..5 {
            assert_eq!(without.prepare(LOCK).await.unwrap_err().cause, Cause::Unavailable);
        }
        let before = server.count("/connect/token");
        let error = without.prepare(LOCK).await.unwrap_err();
        assert_eq!(error.cause, Cause::BreakerOpen);
        assert!(error.to_string().contains("the identity provider"), "{error}");
        assert!(error.retry_after.unwrap() <= MAX_OPEN);
        assert_eq!(server.count("/connect/token"), before);
        assert_eq!(open(&with_token, LOCK).await, Ok(()));
        behaviour.set(WORKING);
        sleep(error.retry_after.unwrap()).await;
        assert!(without.prepare(LOCK).await.is_ok());
    }
}

#[tokio::test]
async fn rejected_credentials_never_open_the_breaker() {
    let server = Server::start(|request| match request.path.as_str() {
        "/connect/token" => Reply::json(400, &json!({"error": "invalid_grant"})),
        _ => salto(request).unwrap(),
    })
    .await;
    let shared = client(&server.url);
    for n in 0..8 {
        let site = integration(&format!("acme-{n}"), &shared);
        assert_eq!(site.prepare(LOCK).await.unwrap_err().cause, Cause::CredentialsRejected);
    }
}

/// The paused clock jumps ahead while every task waits.
#[tokio::test(start_paused = true)]
async fn a_silent_identity_provider_is_waited_for_within_the_limit_and_opens_the_breaker() {
    let server = Server::start(|_| Reply::NoAnswer).await;
    let site = integration("acme", &client(&server.url));
    let asked = async {
        for _ in 0..5 {
            assert_eq!(site.prepare(LOCK).await.unwrap_err().cause, Cause::Unavailable);
        }
        assert_eq!(site.prepare(LOCK).await.unwrap_err().cause, Cause::BreakerOpen);
    };
    tokio::time::timeout(Duration::from_secs(5 * 10 + 1), asked).await.unwrap();
}
