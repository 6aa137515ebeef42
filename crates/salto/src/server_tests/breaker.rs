//! The circuit breakers over HTTP: calls to what keeps failing are not sent, all others are.

mod connections;
mod identity;
mod neighbours;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;
use tokio::time::sleep;
use uuid::Uuid;

use super::server::{Reply, Request, Server, wait_until};
use super::{IQ, LOCK, NotRenewed, account, client, key, lock, permission, salto};
use crate::breaker::Caller;
use crate::http::salto_client::SaltoClient;
use crate::{
    Account, BreakerState, Cause, Certainty, Host, MemoryTokenCache, OpenError, SignIn, Site,
};

const OTHER_LOCK: Uuid = Uuid::from_u128(2);
const MAX_OPEN: Duration = Duration::from_secs(5);

/// How the server answers commands, set by the test.
#[derive(Clone, Default)]
struct Behaviour(Arc<AtomicU8>);

const WORKING: u8 = 0;
const DOWN: u8 = 1;
const SILENT: u8 = 2;

impl Behaviour {
    fn set(&self, behaviour: u8) {
        self.0.store(behaviour, Ordering::SeqCst);
    }

    fn command(&self) -> Reply {
        match self.0.load(Ordering::SeqCst) {
            WORKING => Reply::json(200, &json!({})),
            DOWN => Reply::with(503, "", ""),
            _ => Reply::NoAnswer,
        }
    }
}

/// Two locks at two IQs.
fn two_iqs(request: &Request) -> Option<Reply> {
    if request.path.ends_with("/locks") {
        return Some(Reply::json(
            200,
            &json!([lock(LOCK, Some(IQ)), lock(OTHER_LOCK, Some("1q-2"))]),
        ));
    }
    salto(request)
}

async fn server(behaviour: &Behaviour) -> Server {
    let behaviour = behaviour.clone();
    Server::start(move |request| two_iqs(request).unwrap_or_else(|| behaviour.command())).await
}

/// An integration of that id, with an account and a site of its own; those with the same client share its
/// breakers.
fn integration(id: &str, client: &SaltoClient) -> Site {
    let username = format!("{id}@acme.example");
    let sign_in = SignIn::Password { username, password: "pass-hush".into() };
    let account = Account { sign_in, ..account() };
    let client = SaltoClient { caller: Caller::new(id, &account), ..client.clone() };
    let cache = Arc::new(MemoryTokenCache::new());
    Site::with_time(id, client, account, cache, Arc::new(Utc::now))
}

async fn open(site: &Site, lock: Uuid) -> Result<(), OpenError> {
    open_within(site, lock, Duration::from_secs(5)).await
}

async fn open_within(site: &Site, lock: Uuid, limit: Duration) -> Result<(), OpenError> {
    let prepared = site.ready(lock).unwrap();
    site.open(
        &prepared,
        &key(),
        permission(Utc::now() + TimeDelta::seconds(30)),
        limit,
        &mut NotRenewed,
    )
    .await
}

/// Fails five times, and returns for how long the lock gets no commands now.
async fn open_breaker(site: &Site) -> Duration {
    for n in 0..5 {
        let error = open(site, LOCK).await.unwrap_err();
        assert_eq!(error.cause, Cause::Unavailable, "{n}");
    }
    let error = open(site, LOCK).await.unwrap_err();
    let found = (error.cause, error.certainty, error.written, error.status);
    assert_eq!(found, (Cause::BreakerOpen, Certainty::NeverHappened, false, None));
    let opened_by = "the lock failed 5 times in a row: Salto is not available (HTTP 503)";
    assert!(error.to_string().ends_with(opened_by), "{error}");
    error.retry_after.unwrap()
}

/// Opens the breaker of the host: commands of both fail.
async fn open_breaker_of_host(sites: &[&Site; 2]) -> Duration {
    for site in [sites[0], sites[0], sites[0], sites[1], sites[1]] {
        assert_eq!(open(site, LOCK).await.unwrap_err().cause, Cause::Unavailable);
    }
    let error = open(sites[0], LOCK).await.unwrap_err();
    let found = (error.cause, error.certainty, error.written, error.status);
    assert_eq!(found, (Cause::BreakerOpen, Certainty::NeverHappened, false, None));
    let opened_by = "the Connect API failed 5 times in a row: Salto is not available (HTTP 503)";
    assert!(error.to_string().ends_with(opened_by), "{error}");
    error.retry_after.unwrap()
}

#[tokio::test]
async fn a_host_that_is_down_gets_no_calls_until_a_probe_succeeds() {
    let behaviour = Behaviour::default();
    let server = server(&behaviour).await;
    let shared = client(&server.url);
    let (site, neighbour) = (integration("acme", &shared), integration("other", &shared));
    site.prepare(LOCK).await.unwrap();
    neighbour.prepare(LOCK).await.unwrap();
    behaviour.set(DOWN);
    let wait = open_breaker_of_host(&[&site, &neighbour]).await;
    let before = server.count("");
    assert_eq!(open(&neighbour, LOCK).await.unwrap_err().cause, Cause::BreakerOpen);
    assert_eq!(site.locks().await.unwrap_err().cause, Cause::BreakerOpen);
    assert_eq!(server.count(""), before, "no call is sent");
    let [identity, api] = shared.breakers.state();
    assert_eq!(identity, (Host::Identity, BreakerState::Closed));
    assert!(matches!(api, (Host::Api, BreakerState::Open { failures: 5, .. })), "{api:?}");

    // The probe fails; the one after it does not, and is a call of the other account.
    assert!(wait <= MAX_OPEN);
    sleep(wait).await;
    assert_eq!(open(&site, LOCK).await.unwrap_err().cause, Cause::Unavailable);
    let error = open(&neighbour, LOCK).await.unwrap_err();
    assert_eq!(error.cause, Cause::BreakerOpen);
    behaviour.set(WORKING);
    assert!(error.retry_after.unwrap() <= MAX_OPEN);
    sleep(error.retry_after.unwrap()).await;
    let before = server.count("");
    assert_eq!(open(&site, LOCK).await.unwrap_err().cause, Cause::BreakerOpen, "not its turn");
    assert_eq!(server.count(""), before);
    assert_eq!(open(&neighbour, LOCK).await, Ok(()));
    assert_eq!(open(&site, LOCK).await, Ok(()));
    assert_eq!(shared.breakers.state()[1], (Host::Api, BreakerState::Closed));
}

#[tokio::test]
async fn one_call_is_the_probe_and_an_abandoned_one_is_replaced() {
    let behaviour = Behaviour::default();
    let server = server(&behaviour).await;
    let site = integration("acme", &client(&server.url));
    site.prepare(LOCK).await.unwrap();
    behaviour.set(DOWN);
    sleep(open_breaker(&site).await).await;

    behaviour.set(SILENT);
    let before = server.count("/locking");
    let probe = {
        let site = site.clone();
        tokio::spawn(async move { open(&site, LOCK).await })
    };
    wait_until("the probe arrives", || server.count("/locking") == before + 1).await;
    for _ in 0..5 {
        let error = open(&site, LOCK).await.unwrap_err();
        assert_eq!(error.cause, Cause::BreakerOpen);
        assert!(error.retry_after.unwrap() <= Duration::from_millis(500));
    }
    assert_eq!(server.count("/locking"), before + 1);
    behaviour.set(WORKING);
    probe.abort();
    assert!(probe.await.unwrap_err().is_cancelled());
    assert_eq!(open(&site, LOCK).await, Ok(()));
}

#[tokio::test]
async fn one_hanging_iq_delays_no_other_and_two_open_the_breaker_of_the_integration() {
    let server = Server::start(|request| {
        two_iqs(request).unwrap_or_else(|| match request.path.contains(&LOCK.to_string()) {
            true => Reply::Reset,
            false => Reply::with(502, "", ""),
        })
    })
    .await;
    let site = integration("acme", &client(&server.url));
    site.prepare(LOCK).await.unwrap();
    for _ in 0..5 {
        assert_eq!(open(&site, LOCK).await.unwrap_err().cause, Cause::Unanswered);
    }
    assert_eq!(open(&site, LOCK).await.unwrap_err().cause, Cause::BreakerOpen);
    for _ in 0..2 {
        let error = open(&site, OTHER_LOCK).await.unwrap_err();
        assert_eq!((error.cause, error.status), (Cause::Unavailable, Some(502)));
    }
    let error = open(&site, OTHER_LOCK).await.unwrap_err();
    assert_eq!(error.cause, Cause::BreakerOpen);
    assert!(error.to_string().contains("the Connect API, for this integration,"), "{error}");
}

#[tokio::test]
async fn other_calls_count_too_and_so_do_answers_that_are_not_saltos() {
    let replies: [fn() -> Reply; 5] = [
        || Reply::with(200, "", "<html>please log in</html>"),
        || Reply::with(302, "Location: /login\r\n", ""),
        || Reply::with(404, "", "<html>"),
        || Reply::with(502, "", ""),
        || Reply::Reset,
    ];
    for reply in replies {
        let server = Server::start(move |request| match request.path.as_str() {
            "/connect/token" => salto(request).unwrap(),
            _ => reply(),
        })
        .await;
        let site = integration("acme", &client(&server.url));
        for _ in 0..5 {
            assert_ne!(site.sites().await.unwrap_err().cause, Cause::BreakerOpen);
        }
        assert_eq!(site.sites().await.unwrap_err().cause, Cause::BreakerOpen);
        assert_eq!(server.count("/sites"), 5);
    }
}

#[tokio::test]
async fn answers_of_a_working_host_never_open_the_breaker() {
    let invalid = json!({"ErrorCode": "2202", "Message": "Otp is invalid"}).to_string();
    let forbidden = json!({"ErrorCode": "2203", "Message": "no right"}).to_string();
    let offline = json!({"ErrorCode": "3102", "Message": "iq_offline"}).to_string();
    let answers = [
        (401, String::new()),
        (404, invalid),
        (400, offline),
        (403, forbidden),
        (429, String::new()),
        (403, String::new()),
    ];
    for (status, body) in answers {
        let server = Server::start(move |request| {
            two_iqs(request).unwrap_or_else(|| Reply::with(status, "", &body))
        })
        .await;
        let site = integration("acme", &client(&server.url));
        let prepared = site.prepare(LOCK).await.unwrap();
        for _ in 0..8 {
            let send_before = Utc::now() + TimeDelta::seconds(30);
            let opened = site
                .open(&prepared, &key(), permission(send_before), MAX_OPEN, &mut NotRenewed)
                .await;
            assert_eq!(opened.unwrap_err().status, Some(status));
        }
    }
}
