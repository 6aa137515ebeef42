//! One suite for every token cache, against the simulator: what holds for a person's sign-in, which
//! is left as a refresh token that each use replaces.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::{Value, json};
use simulator::Simulator;
use simulator::announce::Announcer;
use simulator::world::World;
use tokio::time::Instant;
use url::form_urlencoded;
use uuid::Uuid;

use super::tokens::{Hand, Shared, for_every_cache};
use super::{account, api_of, environment};
use crate::token::TokenCache;
use crate::{
    Account, CallError, Cause, Environment, LoginAttempt, SignIn, Site, StoreError, TokenRecord,
};

const BACK: &str = "http://127.0.0.1:8765/signed-in";
const PUBLIC: (&str, Option<&str>) = ("postern-demo-public", None);
const CONFIDENTIAL: (&str, Option<&str>) = ("postern-demo", Some("demo-client-secret"));

for_every_cache!(
    a_login_serves_public_and_confidential_clients_and_sends_no_password,
    without_a_login_nothing_is_asked_and_somebody_told_to_sign_in,
    two_processes_rotate_one_refresh_token_fifty_times_and_use_none_twice,
    a_process_that_dies_before_it_has_stored_the_answer_loses_the_login,
    what_could_not_be_stored_is_stored_before_anything_else,
    a_login_outlives_rejections_that_are_not_its_fault,
    a_code_that_is_not_taken_leaves_the_login_before_it,
);

/// Salto, and a browser in front of it.
struct Stage {
    simulator: Simulator,
    browser: reqwest::Client,
    hand: Hand,
}

impl Stage {
    async fn new() -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let simulator = Simulator::start(listen, World::builtin(), Announcer::quiet());
        let simulator = simulator.await.unwrap();
        let http = crate::Http::new().unwrap();
        Self { simulator, browser: http.0, hand: Hand::new() }
    }

    fn process(&self, client: (&str, Option<&str>), cache: Arc<dyn TokenCache>) -> Site {
        let environment = Environment {
            client_id: client.0.into(),
            client_secret: client.1.map(Into::into),
            ..environment(&self.simulator.url())
        };
        let sign_in = SignIn::Browser { redirect_uri: BACK.parse().unwrap() };
        let account = Account { sign_in, ..account() };
        Site::with_time("acme", api_of(environment), account, cache, self.hand.now())
    }

    /// The person at the browser, up to the address that the login page sends it to.
    async fn code(&self, attempt: &LoginAttempt) -> SecretString {
        let form = [("username", "system-user@acme.example"), ("password", "demo-password")];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.browser.post(attempt.url().clone());
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let answer = request.body(form).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let back = answer.headers()["location"].to_str().unwrap();
        let query = back.strip_prefix(BACK).unwrap().strip_prefix('?').unwrap();
        attempt.code(query).unwrap()
    }

    async fn sign_in(&self, site: &Site) {
        let attempt = site.begin_login().unwrap();
        let code = self.code(&attempt).await;
        site.finish_login(&attempt, &code).await.unwrap();
    }

    /// An hour goes by.
    fn hour(&self, count: i64) {
        self.hand.set(count * 3_700);
    }

    /// Granted and denied requests by grant.
    async fn counted(&self, grant: &str) -> (u64, u64) {
        let counters = self.counters().await;
        let of = counters["tokens"].as_array().unwrap().iter().filter(|it| it["grant"] == grant);
        of.fold((0, 0), |sum, it| {
            let number = |name: &str| it[name].as_u64().unwrap();
            (sum.0 + number("granted"), sum.1 + number("denied"))
        })
    }

    async fn reused(&self) -> u64 {
        self.counters().await["reused"].as_u64().unwrap()
    }

    async fn counters(&self) -> Value {
        let url = format!("{}/control/counters", self.simulator.url());
        let answer = self.browser.get(url).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    async fn control(&self, path: &str, order: Value) {
        let url = format!("{}/control/{path}", self.simulator.url());
        let answer = self.browser.post(url).body(order.to_string()).send().await.unwrap();
        assert!(answer.status().is_success());
    }
}

/// Something that needs a token.
async fn call(site: &Site) -> Result<(), CallError> {
    site.sites().await.map(drop)
}

async fn a_login_serves_public_and_confidential_clients_and_sends_no_password(shared: Shared) {
    for client in [PUBLIC, CONFIDENTIAL] {
        let stage = Stage::new().await;
        let site = stage.process(client, shared.cache());
        stage.sign_in(&site).await;
        let other = stage.process(client, shared.cache());
        assert_eq!((call(&site).await, call(&other).await), (Ok(()), Ok(())));
        assert_eq!(stage.counted("refresh_token").await, (0, 0), "the first token serves");
        stage.hour(1);
        assert_eq!((call(&site).await, call(&other).await), (Ok(()), Ok(())));
        assert_eq!(stage.counted("refresh_token").await, (1, 0));
        stage.control("tokens/revoke", json!({})).await;
        // The call is made once more with the token that comes in place of the revoked one.
        assert_eq!((call(&site).await, call(&other).await), (Ok(()), Ok(())));
        assert_eq!(stage.counted("refresh_token").await, (2, 0));
        assert_eq!(stage.counted("authorization_code").await, (1, 0));
        assert_eq!(stage.counted("password").await, (0, 0));
    }
}

async fn without_a_login_nothing_is_asked_and_somebody_told_to_sign_in(shared: Shared) {
    let stage = Stage::new().await;
    let site = stage.process(PUBLIC, shared.cache());
    for _ in 0..2 {
        let error = call(&site).await.unwrap_err();
        assert_eq!(error.cause, Cause::NotSignedIn);
        let words = error.to_string();
        assert!(words.ends_with("run `postern login --integration acme`"), "{words}");
    }
    assert_eq!(stage.counters().await["calls"], json!({}));
    stage.sign_in(&stage.process(PUBLIC, shared.cache())).await;
    assert_eq!(call(&site).await, Ok(()), "no new start is needed");
    let error = call(&stage.process(CONFIDENTIAL, shared.cache())).await.unwrap_err();
    assert_eq!(error.cause, Cause::NotSignedIn, "another client's login");
}

async fn two_processes_rotate_one_refresh_token_fifty_times_and_use_none_twice(shared: Shared) {
    let stage = Stage::new().await;
    let sites = [(); 2].map(|()| stage.process(CONFIDENTIAL, shared.cache()));
    stage.sign_in(&sites[0]).await;
    for hour in 1..=50 {
        stage.hour(hour);
        let tasks: Vec<_> = sites
            .iter()
            .cycle()
            .take(6)
            .map(|site| {
                tokio::spawn({
                    let site = site.clone();
                    async move { call(&site).await }
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(()), "hour {hour}");
        }
    }
    assert_eq!(stage.counted("refresh_token").await, (50, 0));
    assert_eq!(stage.reused().await, 0);
}

async fn a_process_that_dies_before_it_has_stored_the_answer_loses_the_login(shared: Shared) {
    let stage = Stage::new().await;
    let living = stage.process(PUBLIC, shared.cache());
    stage.sign_in(&living).await;
    stage.hour(1);
    let dying = stage.process(PUBLIC, Arc::new(Dies(shared.cache())));
    let death = tokio::spawn(async move { call(&dying).await });
    let deadline = Instant::now() + Duration::from_secs(10);
    while stage.counted("refresh_token").await.0 == 0 {
        assert!(Instant::now() < deadline, "it never asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..3 {
        let error = call(&living).await.unwrap_err();
        assert_eq!(error.cause, Cause::NotSignedIn);
        assert!(error.to_string().contains("run `postern login --integration acme`"), "{error}");
        stage.hour(2);
    }
    death.abort();
    let asked = (stage.counted("refresh_token").await, stage.reused().await);
    assert_eq!(asked, ((1, 1), 1), "a login that Salto no longer takes is not tried again");
    stage.sign_in(&living).await;
    assert_eq!(call(&living).await, Ok(()));
}

async fn what_could_not_be_stored_is_stored_before_anything_else(shared: Shared) {
    let stage = Stage::new().await;
    let forgets = Arc::new(Forgets { cache: shared.cache(), now: AtomicBool::new(false) });
    let site = stage.process(PUBLIC, forgets.clone());
    let other = stage.process(PUBLIC, shared.cache());
    stage.sign_in(&site).await;
    stage.hour(1);
    forgets.now.store(true, Ordering::SeqCst);
    assert_eq!(call(&site).await.unwrap_err().cause, Cause::Cache, "not used before it is stored");
    assert_eq!(call(&site).await, Ok(()));
    assert_eq!(call(&other).await, Ok(()));
    assert_eq!((stage.counted("refresh_token").await, stage.reused().await), ((1, 0), 0));
    stage.hour(2);
    assert_eq!((call(&other).await, call(&site).await), (Ok(()), Ok(())));
    assert_eq!((stage.counted("refresh_token").await, stage.reused().await), ((2, 0), 0));
}

async fn a_login_outlives_rejections_that_are_not_its_fault(shared: Shared) {
    let stage = Stage::new().await;
    stage.sign_in(&stage.process(CONFIDENTIAL, shared.cache())).await;
    stage.hour(1);
    let wrong = stage.process((CONFIDENTIAL.0, Some("wrong")), shared.cache());
    for _ in 0..2 {
        let error = call(&wrong).await.unwrap_err();
        assert_eq!(error.cause, Cause::CredentialsRejected, "{error}");
    }
    assert_eq!(stage.counted("refresh_token").await, (0, 1), "they rest");
    assert_eq!(call(&stage.process(CONFIDENTIAL, shared.cache())).await, Ok(()));
    let unavailable = json!({"kind": "status", "status": 503, "call": "token", "times": 1});
    stage.control("faults", unavailable).await;
    stage.hour(2);
    let site = stage.process(CONFIDENTIAL, shared.cache());
    assert_eq!(call(&site).await.unwrap_err().cause, Cause::Unavailable);
    assert_eq!(call(&site).await, Ok(()));
}

async fn a_code_that_is_not_taken_leaves_the_login_before_it(shared: Shared) {
    let stage = Stage::new().await;
    let site = stage.process(PUBLIC, shared.cache());
    stage.sign_in(&site).await;
    let (one, other) = (site.begin_login().unwrap(), site.begin_login().unwrap());
    let code = stage.code(&one).await;
    let error = site.finish_login(&other, &code).await.unwrap_err();
    assert_eq!(error.cause, Cause::CredentialsRejected, "another attempt's verifier");
    assert_eq!(error.code.as_deref(), Some("invalid_grant"));
    stage.hour(1);
    assert_eq!(call(&site).await, Ok(()));
}

/// Dies where it would store; its lease is short, so that the test is.
struct Dies(Arc<dyn TokenCache>);

#[async_trait]
impl TokenCache for Dies {
    async fn read(&self, integration: &str) -> Result<Option<TokenRecord>, StoreError> {
        self.0.read(integration).await
    }

    async fn lease(&self, i: &str, owner: Uuid, _: Duration) -> Result<bool, StoreError> {
        self.0.lease(i, owner, Duration::from_millis(500)).await
    }

    async fn store(&self, _: &str, _: Uuid, _: &TokenRecord) -> Result<bool, StoreError> {
        std::future::pending().await
    }

    async fn release(&self, integration: &str, owner: Uuid) -> Result<(), StoreError> {
        self.0.release(integration, owner).await
    }
}

/// Once, it has lost the lease when it comes to storing.
struct Forgets {
    cache: Arc<dyn TokenCache>,
    now: AtomicBool,
}

#[async_trait]
impl TokenCache for Forgets {
    async fn read(&self, integration: &str) -> Result<Option<TokenRecord>, StoreError> {
        self.cache.read(integration).await
    }

    async fn lease(&self, i: &str, owner: Uuid, time: Duration) -> Result<bool, StoreError> {
        self.cache.lease(i, owner, time).await
    }

    async fn store(&self, i: &str, owner: Uuid, it: &TokenRecord) -> Result<bool, StoreError> {
        if self.now.swap(false, Ordering::SeqCst) {
            return Ok(false);
        }
        self.cache.store(i, owner, it).await
    }

    async fn release(&self, integration: &str, owner: Uuid) -> Result<(), StoreError> {
        self.cache.release(integration, owner).await
    }
}
