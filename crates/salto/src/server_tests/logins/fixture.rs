//! The simulator with a browser, and caches that fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;
use simulator::Simulator;
use simulator::output::Printer;
use simulator::world::World;
use url::form_urlencoded;
use uuid::Uuid;

use super::super::token_cache::TestClock;
use super::super::{account, client_of, environment};
use crate::token::TokenCache;
use crate::{Account, CallError, Environment, LoginAttempt, SignIn, Site, StoreError, TokenRecord};

const REDIRECT_URI: &str = "http://127.0.0.1:8765/signed-in";
pub(super) const PUBLIC: OauthClient = OauthClient { id: "postern-demo-public", secret: None };
pub(super) const CONFIDENTIAL: OauthClient =
    OauthClient { id: "postern-demo", secret: Some("demo-client-secret") };

/// An OAuth client of the simulator.
#[derive(Clone, Copy)]
pub(super) struct OauthClient {
    pub(super) id: &'static str,
    pub(super) secret: Option<&'static str>,
}

/// The simulator, a browser and the clock of a test.
pub(super) struct Fixture {
    simulator: Simulator,
    browser: reqwest::Client,
    clock: TestClock,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let simulator = Simulator::start(listen, World::builtin(), Printer::quiet());
        let simulator = simulator.await.unwrap();
        let http = crate::Http::new().unwrap();
        Self { simulator, browser: http.client().clone(), clock: TestClock::new() }
    }

    pub(super) fn process(&self, client: OauthClient, cache: Arc<dyn TokenCache>) -> Site {
        let environment = Environment {
            client_id: client.id.into(),
            client_secret: client.secret.map(Into::into),
            ..environment(&self.simulator.url())
        };
        let sign_in = SignIn::Browser { redirect_uri: REDIRECT_URI.parse().unwrap() };
        let account = Account { sign_in, ..account() };
        Site::with_time("acme", client_of(environment), account, cache, self.clock.now())
    }

    /// The code that the login page sends the browser back with.
    pub(super) async fn code(&self, attempt: &LoginAttempt) -> SecretString {
        let form = [("username", "system-user@acme.example"), ("password", "demo-password")];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.browser.post(attempt.url().clone());
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let answer = request.body(form).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        let location = answer.headers()["location"].to_str().unwrap();
        let query = location.strip_prefix(REDIRECT_URI).unwrap().strip_prefix('?').unwrap();
        attempt.code(query).unwrap()
    }

    pub(super) async fn sign_in(&self, site: &Site) {
        let attempt = site.begin_login().unwrap();
        let code = self.code(&attempt).await;
        let login = site.exchange_login(&attempt, &code).await.unwrap();
        site.store_login(login).await.unwrap();
    }

    /// Sets the clock to after the end of that many tokens.
    pub(super) fn after_tokens(&self, count: i64) {
        self.clock.set(count * 3_700);
    }

    /// The granted and the denied token requests with this grant.
    pub(super) async fn token_requests(&self, grant: &str) -> (u64, u64) {
        let counters = self.counters().await;
        let of = counters["tokens"].as_array().unwrap().iter().filter(|it| it["grant"] == grant);
        of.fold((0, 0), |sum, it| {
            let number = |name: &str| it[name].as_u64().unwrap();
            (sum.0 + number("granted"), sum.1 + number("denied"))
        })
    }

    pub(super) async fn reused_refresh_tokens(&self) -> u64 {
        self.counters().await["reused"].as_u64().unwrap()
    }

    pub(super) async fn counters(&self) -> Value {
        let url = format!("{}/control/counters", self.simulator.url());
        let answer = self.browser.get(url).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    pub(super) async fn control(&self, path: &str, body: Value) {
        let url = format!("{}/control/{path}", self.simulator.url());
        let answer = self.browser.post(url).body(body.to_string()).send().await.unwrap();
        assert!(answer.status().is_success());
    }
}

/// A call that needs a token.
pub(super) async fn call(site: &Site) -> Result<(), CallError> {
    site.sites().await.map(drop)
}

/// A cache that never finishes storing. Its lease is short, so that the test is.
pub(super) struct NeverStores(pub(super) Arc<dyn TokenCache>);

#[async_trait]
impl TokenCache for NeverStores {
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

/// A cache that has lost the lease when a record is to be stored, once.
pub(super) struct LosesLease {
    pub(super) cache: Arc<dyn TokenCache>,
    pub(super) now: AtomicBool,
}

#[async_trait]
impl TokenCache for LosesLease {
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
