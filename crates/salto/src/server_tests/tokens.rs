//! One suite for every token cache: leases, renewal and rejection of tokens over several processes.

mod leases;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use super::server::{Reply, Request, Server};
use super::token_cache::{SharedCache, TestClock, for_every_cache};
use super::{LOCK, NotRenewed, account, by_password, granted, key, permission, process, salto};
use crate::{Account, Cause, CredentialsRejection, Site, TokenRecord, TokenState};

for_every_cache!(
    processes_that_start_together_request_one_token,
    a_token_is_renewed_before_its_end_and_used_meanwhile,
    a_refresh_token_is_used_and_a_rejected_one_replaced_by_the_password,
    a_rejected_token_is_replaced_once_over_all_processes,
    rejected_credentials_pause_over_processes_until_they_change,
    an_outage_is_not_a_rejection,
    an_unusable_grant_is_followed_by_a_rest_of_all_processes,
    every_oauth_error_but_the_temporary_ones_is_a_rejection,
    rejected_credentials_are_tried_again_at_once_where_that_is_asked_for,
);

/// A Salto that numbers its tokens, and accepts commands with all tokens but the revoked ones.
#[derive(Clone, Default)]
struct NumberingSalto {
    tokens: Arc<AtomicUsize>,
    revoked: Arc<Mutex<Vec<String>>>,
}

impl NumberingSalto {
    fn answer(&self, request: &Request) -> Reply {
        if request.path == "/connect/token" {
            let n = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
            return granted(&format!("token-{n}"), 3600);
        }
        let revoked = self.revoked.lock().unwrap();
        if revoked.iter().any(|token| {
            request.head.ends_with(token) || request.head.contains(&format!("{token}\r\n"))
        }) {
            return Reply::with(401, "", "");
        }
        salto(request).unwrap_or_else(|| Reply::json(200, &json!({})))
    }

    fn revoke(&self, token: &str) {
        self.revoked.lock().unwrap().push(token.to_owned());
    }
}

async fn open(site: &Site) -> Result<(), Cause> {
    let prepared = match site.ready(LOCK) {
        Some(prepared) => prepared,
        None => site.prepare(LOCK).await.map_err(|error| error.cause)?,
    };
    let send_before = Utc::now() + TimeDelta::seconds(10);
    let opened = site
        .open(&prepared, &key(), permission(send_before), Duration::from_secs(5), &mut NotRenewed)
        .await;
    opened.map_err(|error| error.cause)
}

fn rejection() -> TokenRecord {
    let rejection = CredentialsRejection { code: "x".into(), failures: 1, retry_at: Utc::now() };
    TokenRecord { fingerprint: "f".into(), state: TokenState::Rejected(rejection), login: None }
}

async fn processes_that_start_together_request_one_token(shared: SharedCache) {
    let salto = NumberingSalto::default();
    let answer = salto.clone();
    let server = Server::start(move |request| answer.answer(request)).await;
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let site = process(&server.url, account(), shared.cache(), TestClock::new().now());
        for _ in 0..8 {
            let site = site.clone();
            tasks.push(tokio::spawn(async move { open(&site).await }));
        }
    }
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
    assert_eq!(server.count("/connect/token"), 1);
    assert_eq!(server.count("/locking"), 32);
    assert_eq!(server.count("/locks"), 4, "each process reads the site once");
}

async fn a_token_is_renewed_before_its_end_and_used_meanwhile(shared: SharedCache) {
    let salto = NumberingSalto::default();
    let answer = salto.clone();
    let server = Server::start(move |request| answer.answer(request)).await;
    let clock = TestClock::new();
    let site = process(&server.url, account(), shared.cache(), clock.now());
    let other = process(&server.url, account(), shared.cache(), clock.now());
    assert_eq!((open(&site).await, open(&other).await), (Ok(()), Ok(())));
    clock.set(3539);
    assert_eq!(open(&site).await, Ok(()));
    assert_eq!(server.count("/connect/token"), 1, "not due yet");
    clock.set(3541);
    let (one, two) = (site.renewal().unwrap(), other.renewal().unwrap());
    assert!(site.renewal().is_none(), "one renewal is enough");
    assert!(site.ready(LOCK).is_some() && other.ready(LOCK).is_some(), "the old one is used");
    assert_eq!(server.count("/connect/token"), 1, "no call without a renewal");
    let (one, two) = tokio::join!(one, two);
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(server.count("/connect/token"), 2);
    clock.set(3601);
    assert_eq!((open(&site).await, open(&other).await), (Ok(()), Ok(())));
    assert_eq!(server.count("/connect/token"), 2);
    assert!(server.requests("/locking").last().unwrap().head.contains("token-2"));
}

async fn a_refresh_token_is_used_and_a_rejected_one_replaced_by_the_password(shared: SharedCache) {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |request| {
        if request.path != "/connect/token" {
            return salto(request).unwrap_or_else(|| Reply::json(200, &json!({})));
        }
        let n = asked.fetch_add(1, Ordering::SeqCst) + 1;
        if n == 3 {
            return Reply::json(400, &json!({"error": "invalid_grant"}));
        }
        Reply::json(
            200,
            &json!({"access_token": format!("token-{n}"), "expires_in": 3600,
                "token_type": "Bearer", "refresh_token": format!("refresh-{n}")}),
        )
    })
    .await;
    let clock = TestClock::new();
    let site = process(&server.url, account(), shared.cache(), clock.now());
    for seconds in [0, 4_000, 8_000] {
        clock.set(seconds);
        assert_eq!(open(&site).await, Ok(()));
    }
    let asked = server.requests("/connect/token");
    assert_eq!(asked.len(), 4);
    let basic = "authorization: Basic Y2xpZW50OmNsaWVudC1odXNo";
    assert!(asked[0].head.contains(basic), "{}", asked[0].head);
    let password = "grant_type=password&username=system%40acme.example&password=pass-hush&\
                    scope=user_api.full_access";
    assert_eq!(asked[0].body, password);
    let refresh = "grant_type=refresh_token&refresh_token=refresh-1&client_id=client&\
                   client_secret=client-hush";
    assert_eq!(asked[1].body, refresh);
    assert!(!asked[1].head.to_ascii_lowercase().contains("authorization"));
    assert!(asked[2].body.contains("refresh_token=refresh-2"));
    assert_eq!(asked[3].body, password, "the refresh token was rejected");
}

async fn a_rejected_token_is_replaced_once_over_all_processes(shared: SharedCache) {
    let salto = NumberingSalto::default();
    let answer = salto.clone();
    let server = Server::start(move |request| answer.answer(request)).await;
    let clock = TestClock::new();
    let one = process(&server.url, account(), shared.cache(), clock.now());
    let two = process(&server.url, account(), shared.cache(), clock.now());
    assert_eq!((open(&one).await, open(&two).await), (Ok(()), Ok(())));
    salto.revoke("token-1");
    clock.set(1);
    for site in [&one, &two] {
        assert_eq!(open(site).await, Err(Cause::TokenRejected));
        assert_eq!(open(site).await, Ok(()));
    }
    assert_eq!(server.count("/connect/token"), 2, "the second process finds the replacement");
    salto.revoke("token-2");
    for _ in 0..3 {
        assert_eq!(open(&one).await, Err(Cause::TokenRejected));
        assert_eq!(open(&two).await, Err(Cause::TokenRejected));
    }
    assert_eq!(server.count("/connect/token"), 2, "a young replacement is not replaced");
    let error = one.prepare(LOCK).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(1)));
    clock.set(2);
    assert_eq!((open(&one).await, open(&two).await), (Ok(()), Ok(())));
    assert_eq!(server.count("/connect/token"), 3);
}

async fn rejected_credentials_pause_over_processes_until_they_change(shared: SharedCache) {
    let server = Server::start(|request| {
        if request.path == "/connect/token" && !request.body.contains("password=new") {
            return Reply::json(400, &json!({"error": "invalid_grant", "error_description": "x"}));
        }
        salto(request).unwrap_or_else(|| Reply::json(200, &json!({})))
    })
    .await;
    let clock = TestClock::new();
    let process = |account: Account| process(&server.url, account, shared.cache(), clock.now());
    let (one, two) = (process(account()), process(account()));
    for site in [&one, &two, &one] {
        let error = site.prepare(LOCK).await.unwrap_err();
        assert_eq!(error.cause, Cause::CredentialsRejected);
        assert_eq!(error.retry_after, Some(Duration::from_secs(60)));
        assert!(error.to_string().contains("invalid_grant"), "{error}");
    }
    assert_eq!(server.count("/connect/token"), 1);
    clock.set(61);
    assert_eq!(open(&two).await, Err(Cause::CredentialsRejected));
    let error = one.prepare(LOCK).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(120)), "doubled");
    assert_eq!(server.count("/connect/token"), 2);
    let changed = process(Account { sign_in: by_password("new"), ..account() });
    assert_eq!(open(&changed).await, Ok(()));
}

async fn an_outage_is_not_a_rejection(shared: SharedCache) {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |request| {
        if request.path != "/connect/token" {
            return salto(request).unwrap_or_else(|| Reply::json(200, &json!({})));
        }
        let half =
            "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{";
        match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::with(404, "", "nothing here"),
            1 => Reply::with(400, "", "<html>"),
            2 => Reply::with(503, "Retry-After: 7\r\n", r#"{"error":"invalid_grant"}"#),
            3 => Reply::ThenClose(half.into()),
            4 => Reply::Reset,
            5 => Reply::with(302, "Location: http://127.0.0.1:1/\r\n", ""),
            6 => Reply::with(429, "Retry-After: 9\r\n", ""),
            _ => granted("token", 3600),
        }
    })
    .await;
    // Each site has breakers of its own, which stay closed here.
    let site = || process(&server.url, account(), shared.cache(), TestClock::new().now());
    for n in 0..6 {
        let error = site().prepare(LOCK).await.unwrap_err();
        assert_eq!(error.cause, Cause::Unavailable, "{n}: {error}");
        assert_eq!(error.retry_after, (n == 2).then_some(Duration::from_secs(7)));
    }
    let error = site().prepare(LOCK).await.unwrap_err();
    let limited = (Cause::RateLimited, Some(Duration::from_secs(9)));
    assert_eq!((error.cause, error.retry_after), limited);
    assert_eq!(open(&site()).await, Ok(()));
}

async fn an_unusable_grant_is_followed_by_a_rest_of_all_processes(shared: SharedCache) {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |request| {
        if request.path != "/connect/token" {
            return salto(request).unwrap_or_else(|| Reply::json(200, &json!({})));
        }
        match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::json(200, &json!({"access_token": "", "token_type": "Bearer"})),
            1 => Reply::json(200, &json!({"token": "t"})),
            2 => Reply::json(400, &json!({"error": "slow_down"})),
            _ => Reply::json(
                200,
                &json!({"access_token": "t", "expires_in": "3600", "scope": ["a"]}),
            ),
        }
    })
    .await;
    let clock = TestClock::new();
    let site = || process(&server.url, account(), shared.cache(), clock.now());
    for (n, (second, rest)) in [(0, 1), (1, 2), (3, 4)].into_iter().enumerate() {
        clock.set(second);
        for _ in 0..3 {
            let error = site().prepare(LOCK).await.unwrap_err();
            let found = (error.cause, error.retry_after);
            assert_eq!(found, (Cause::TokenUnusable, Some(Duration::from_secs(rest))), "{error}");
        }
        assert_eq!(server.count("/connect/token"), n + 1);
    }
    clock.set(7);
    assert_eq!(open(&site()).await, Ok(()));
    clock.set(3000);
    assert_eq!(open(&site()).await, Ok(()));
    assert_eq!(server.count("/connect/token"), 4, "the lifetime is a text");
}

async fn every_oauth_error_but_the_temporary_ones_is_a_rejection(shared: SharedCache) {
    for (n, (status, code, shown)) in [
        (400, "invalid_grant", "invalid_grant"),
        (403, "access_denied", "access_denied"),
        (403, "mfa_required", "mfa_required"),
        (418, "not_documented", "not_documented"),
        (400, "Jane Doe", "unknown"),
    ]
    .into_iter()
    .enumerate()
    {
        let server = Server::start(move |_| Reply::json(status, &json!({"error": code}))).await;
        let password = by_password(&format!("password-{n}"));
        let account = Account { sign_in: password, ..account() };
        let site = process(&server.url, account, shared.cache(), TestClock::new().now());
        for _ in 0..2 {
            let error = site.prepare(LOCK).await.unwrap_err();
            assert_eq!(error.cause, Cause::CredentialsRejected, "{status} {code}");
            assert_eq!(error.code.as_deref(), Some(shown));
        }
        assert_eq!(server.count("/connect/token"), 1);
    }
}

async fn rejected_credentials_are_tried_again_at_once_where_that_is_asked_for(shared: SharedCache) {
    let repaired = Arc::new(AtomicUsize::new(0));
    let answer = Arc::clone(&repaired);
    let server = Server::start(move |request| {
        if request.path == "/connect/token" && answer.load(Ordering::SeqCst) == 0 {
            return Reply::json(400, &json!({"error": "invalid_grant"}));
        }
        salto(request).unwrap_or_else(|| Reply::json(200, &json!({})))
    })
    .await;
    let clock = TestClock::new();
    let site = process(&server.url, account(), shared.cache(), clock.now());
    assert_eq!(open(&site).await, Err(Cause::CredentialsRejected));
    clock.set(5);
    site.retry_rejected_credentials();
    for _ in 0..3 {
        assert_eq!(open(&site).await, Err(Cause::CredentialsRejected));
    }
    assert_eq!(server.count("/connect/token"), 2, "once, and then after the pause");
    repaired.store(1, Ordering::SeqCst);
    clock.set(6);
    assert_eq!(open(&site).await, Err(Cause::CredentialsRejected));
    site.retry_rejected_credentials();
    assert_eq!(open(&site).await, Ok(()));
}
