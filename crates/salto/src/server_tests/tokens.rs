//! One suite for every token cache: what holds for the tokens of an integration, whoever keeps them.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::redis::Redis;
use super::server::{Reply, Seen, Server};
use super::{LOCK, account, by_password, granted, key, process, salto};
use crate::redis::seal::Sealer;
use crate::token::{Now, TokenCache};
use crate::{
    Account, Cause, MemoryTokenCache, RedisTokenCache, Rejection, Site, TokenRecord, TokenState,
};

/// A kind of cache, and each process's way to it.
pub(super) struct Shared {
    memory: Arc<MemoryTokenCache>,
    redis: Option<Redis>,
}

impl Shared {
    pub(super) async fn memory() -> Self {
        Self { memory: Arc::default(), redis: None }
    }

    pub(super) async fn redis() -> Self {
        Self { memory: Arc::default(), redis: Some(Redis::start().await) }
    }

    pub(super) fn cache(&self) -> Arc<dyn TokenCache> {
        match &self.redis {
            None => self.memory.clone(),
            Some(redis) => {
                let sealer = Arc::new(Sealer::new(&[5; 32]));
                Arc::new(RedisTokenCache::new(redis.pool(), &redis.prefix, sealer))
            }
        }
    }
}

macro_rules! for_every_cache {
    ($($test:ident),* $(,)?) => {
        mod memory { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(super::Shared::memory().await).await }
        )* }
        mod redis { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(super::Shared::redis().await).await }
        )* }
    };
}
pub(super) use for_every_cache;

for_every_cache!(
    a_lease_has_one_holder_and_ends_by_itself,
    only_the_holder_of_the_lease_stores,
    processes_starting_together_ask_once,
    a_dead_holder_is_waited_for_no_longer_than_its_lease,
    a_token_is_renewed_ahead_of_its_end_and_serves_meanwhile,
    a_refresh_token_is_used_and_falls_back_to_the_password,
    a_rejected_token_is_replaced_once_over_all_processes,
    rejected_credentials_rest_over_processes_until_they_change,
    an_outage_is_no_rejection,
);

/// A clock that is set by hand.
#[derive(Clone)]
pub(super) struct Hand(DateTime<Utc>, Arc<AtomicI64>);

impl Hand {
    pub(super) fn new() -> Self {
        Self(Utc::now(), Arc::default())
    }

    pub(super) fn now(&self) -> Now {
        let hand = self.clone();
        Arc::new(move || hand.0 + TimeDelta::seconds(hand.1.load(Ordering::SeqCst)))
    }

    pub(super) fn set(&self, seconds: i64) {
        self.1.store(seconds, Ordering::SeqCst);
    }
}

/// A Salto whose token endpoint counts up, and which takes commands of all tokens but those listed.
#[derive(Clone, Default)]
struct Salto {
    tokens: Arc<AtomicUsize>,
    revoked: Arc<Mutex<Vec<String>>>,
}

impl Salto {
    fn answer(&self, seen: &Seen) -> Reply {
        if seen.path == "/connect/token" {
            let n = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
            return granted(&format!("token-{n}"), 3600);
        }
        let revoked = self.revoked.lock().unwrap();
        if revoked
            .iter()
            .any(|token| seen.head.ends_with(token) || seen.head.contains(&format!("{token}\r\n")))
        {
            return Reply::with(401, "", "");
        }
        salto(seen).unwrap_or_else(|| Reply::json(200, &json!({})))
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
    let leave_before = Utc::now() + TimeDelta::seconds(10);
    let opened = site.open(&prepared, &key(), leave_before, Duration::from_secs(5)).await;
    opened.map_err(|error| error.cause)
}

fn rejection() -> TokenRecord {
    let rejection = Rejection { code: "x".into(), failures: 1, retry_at: Utc::now() };
    TokenRecord { fingerprint: "f".into(), state: TokenState::Rejected(rejection), login: None }
}

async fn a_lease_has_one_holder_and_ends_by_itself(shared: Shared) {
    let (a, b) = (shared.cache(), shared.cache());
    let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(a.lease("i", one, Duration::from_secs(60)).await.unwrap());
    assert!(!b.lease("i", two, Duration::from_secs(60)).await.unwrap());
    assert!(b.lease("j", two, Duration::from_secs(60)).await.unwrap(), "another integration");
    b.release("i", two).await.unwrap();
    assert!(!b.lease("i", two, Duration::from_secs(60)).await.unwrap(), "not its to release");
    a.release("i", one).await.unwrap();
    assert!(b.lease("i", two, Duration::from_millis(50)).await.unwrap());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while !a.lease("i", one, Duration::from_secs(60)).await.unwrap() {
        assert!(tokio::time::Instant::now() < deadline, "a lease that never ends");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn only_the_holder_of_the_lease_stores(shared: Shared) {
    let (cache, other) = (shared.cache(), shared.cache());
    let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(cache.lease("i", one, Duration::from_secs(60)).await.unwrap());
    assert!(!other.store("i", two, &rejection()).await.unwrap());
    assert!(cache.read("i").await.unwrap().is_none());
    assert!(cache.store("i", one, &rejection()).await.unwrap());
    assert!(other.read("i").await.unwrap().is_some());
    assert!(other.read("j").await.unwrap().is_none());
    assert!(other.lease("i", two, Duration::from_secs(60)).await.unwrap(), "given back");
}

async fn processes_starting_together_ask_once(shared: Shared) {
    let salto = Salto::default();
    let answer = salto.clone();
    let server = Server::start(move |seen| answer.answer(seen)).await;
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let site = process(&server.url, account(), shared.cache(), Hand::new().now());
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

async fn a_dead_holder_is_waited_for_no_longer_than_its_lease(shared: Shared) {
    let salto = Salto::default();
    let server = Server::start(move |seen| salto.answer(seen)).await;
    let site = process(&server.url, account(), shared.cache(), Hand::new().now());
    let (dead, lease) = (shared.cache(), Duration::from_millis(300));
    let started = tokio::time::Instant::now();
    assert!(dead.lease("acme", Uuid::new_v4(), lease).await.unwrap());
    assert_eq!(open(&site).await, Ok(()));
    // Redis counts whole milliseconds.
    assert!(started.elapsed() >= lease - Duration::from_millis(5), "the lease was passed over");
}

async fn a_token_is_renewed_ahead_of_its_end_and_serves_meanwhile(shared: Shared) {
    let salto = Salto::default();
    let answer = salto.clone();
    let server = Server::start(move |seen| answer.answer(seen)).await;
    let hand = Hand::new();
    let site = process(&server.url, account(), shared.cache(), hand.now());
    let other = process(&server.url, account(), shared.cache(), hand.now());
    assert_eq!((open(&site).await, open(&other).await), (Ok(()), Ok(())));
    hand.set(3539);
    assert_eq!(open(&site).await, Ok(()));
    assert_eq!(server.count("/connect/token"), 1, "not due yet");
    hand.set(3541);
    let (one, two) = (site.renewal().unwrap(), other.renewal().unwrap());
    assert!(site.renewal().is_none(), "one renewal is enough");
    assert!(site.ready(LOCK).is_some() && other.ready(LOCK).is_some(), "the old one serves");
    assert_eq!(server.count("/connect/token"), 1, "no call that nobody asked for");
    let (one, two) = tokio::join!(one, two);
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(server.count("/connect/token"), 2);
    hand.set(3601);
    assert_eq!((open(&site).await, open(&other).await), (Ok(()), Ok(())));
    assert_eq!(server.count("/connect/token"), 2);
    assert!(server.seen("/locking").last().unwrap().head.contains("token-2"));
}

async fn a_refresh_token_is_used_and_falls_back_to_the_password(shared: Shared) {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |seen| {
        if seen.path != "/connect/token" {
            return salto(seen).unwrap_or_else(|| Reply::json(200, &json!({})));
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
    let hand = Hand::new();
    let site = process(&server.url, account(), shared.cache(), hand.now());
    for seconds in [0, 4_000, 8_000] {
        hand.set(seconds);
        assert_eq!(open(&site).await, Ok(()));
    }
    let asked = server.seen("/connect/token");
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
    assert_eq!(asked[3].body, password, "the refresh token was not taken");
}

async fn a_rejected_token_is_replaced_once_over_all_processes(shared: Shared) {
    let salto = Salto::default();
    let answer = salto.clone();
    let server = Server::start(move |seen| answer.answer(seen)).await;
    let hand = Hand::new();
    let one = process(&server.url, account(), shared.cache(), hand.now());
    let two = process(&server.url, account(), shared.cache(), hand.now());
    assert_eq!((open(&one).await, open(&two).await), (Ok(()), Ok(())));
    salto.revoke("token-1");
    hand.set(1);
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
    hand.set(62);
    assert_eq!((open(&one).await, open(&two).await), (Ok(()), Ok(())));
    assert_eq!(server.count("/connect/token"), 3);
}

async fn rejected_credentials_rest_over_processes_until_they_change(shared: Shared) {
    let server = Server::start(|seen| {
        if seen.path == "/connect/token" && !seen.body.contains("password=new") {
            return Reply::json(400, &json!({"error": "invalid_grant", "error_description": "x"}));
        }
        salto(seen).unwrap_or_else(|| Reply::json(200, &json!({})))
    })
    .await;
    let hand = Hand::new();
    let process = |account: Account| process(&server.url, account, shared.cache(), hand.now());
    let (one, two) = (process(account()), process(account()));
    for site in [&one, &two, &one] {
        let error = site.prepare(LOCK).await.unwrap_err();
        assert_eq!(error.cause, Cause::CredentialsRejected);
        assert_eq!(error.retry_after, Some(Duration::from_secs(60)));
        assert!(error.to_string().contains("invalid_grant"), "{error}");
    }
    assert_eq!(server.count("/connect/token"), 1);
    hand.set(61);
    assert_eq!(open(&two).await, Err(Cause::CredentialsRejected));
    let error = one.prepare(LOCK).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(120)), "doubled");
    assert_eq!(server.count("/connect/token"), 2);
    let changed = process(Account { sign_in: by_password("new"), ..account() });
    assert_eq!(open(&changed).await, Ok(()));
}

async fn an_outage_is_no_rejection(shared: Shared) {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |seen| {
        if seen.path != "/connect/token" {
            return salto(seen).unwrap_or_else(|| Reply::json(200, &json!({})));
        }
        let half =
            "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{";
        match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::with(404, "", "nothing here"),
            1 => Reply::with(400, "", "<html>"),
            2 => Reply::with(503, "Retry-After: 7\r\n", r#"{"error":"invalid_grant"}"#),
            3 => Reply::Last(half.into()),
            4 => Reply::Reset,
            5 => Reply::json(200, &json!({"access_token": "", "token_type": "Bearer"})),
            6 => Reply::with(302, "Location: http://127.0.0.1:1/\r\n", ""),
            7 => Reply::with(429, "Retry-After: 9\r\n", ""),
            _ => granted("token", 3600),
        }
    })
    .await;
    // Each with breakers of its own, which do not open here.
    let site = || process(&server.url, account(), shared.cache(), Hand::new().now());
    for n in 0..7 {
        let error = site().prepare(LOCK).await.unwrap_err();
        assert_eq!(error.cause, Cause::Unavailable, "{n}: {error}");
        assert_eq!(error.retry_after, (n == 2).then_some(Duration::from_secs(7)));
    }
    let error = site().prepare(LOCK).await.unwrap_err();
    let limited = (Cause::RateLimited, Some(Duration::from_secs(9)));
    assert_eq!((error.cause, error.retry_after), limited);
    assert_eq!(open(&site()).await, Ok(()));
}
