//! A host that keeps failing is left alone, and nobody else is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::sleep;
use uuid::Uuid;

use super::server::{Reply, Seen, Server, until};
use super::{IQ, LOCK, account, api, key, lock, salto};
use crate::http::salto_client::SaltoClient;
use crate::{BreakerState, Cause, Certainty, Host, MemoryTokenCache, OpenError, Site};

const OTHER_LOCK: Uuid = Uuid::from_u128(2);
const CAP: Duration = Duration::from_secs(5);

/// What the server does with commands, set by the test.
#[derive(Clone, Default)]
struct Weather(Arc<AtomicU8>);

const FINE: u8 = 0;
const DOWN: u8 = 1;
const SILENT: u8 = 2;

impl Weather {
    fn set(&self, what: u8) {
        self.0.store(what, Ordering::SeqCst);
    }

    fn command(&self) -> Reply {
        match self.0.load(Ordering::SeqCst) {
            FINE => Reply::json(200, &json!({})),
            DOWN => Reply::with(503, "", ""),
            _ => Reply::Silence,
        }
    }
}

/// Two locks at two IQs.
fn two_iqs(seen: &Seen) -> Option<Reply> {
    if seen.path.ends_with("/locks") {
        return Some(Reply::json(
            200,
            &json!([lock(LOCK, Some(IQ)), lock(OTHER_LOCK, Some("1q-2"))]),
        ));
    }
    salto(seen)
}

async fn server(weather: &Weather) -> Server {
    let weather = weather.clone();
    Server::start(move |seen| two_iqs(seen).unwrap_or_else(|| weather.command())).await
}

/// An integration of that id; those with the same `api` share its breakers.
fn integration(id: &str, api: &SaltoClient) -> Site {
    Site::with_time(
        id,
        api.clone(),
        account(),
        Arc::new(MemoryTokenCache::new()),
        Arc::new(Utc::now),
    )
}

async fn open(site: &Site, lock: Uuid) -> Result<(), OpenError> {
    open_within(site, lock, Duration::from_secs(5)).await
}

async fn open_within(site: &Site, lock: Uuid, limit: Duration) -> Result<(), OpenError> {
    let prepared = site.ready(lock).unwrap();
    site.open(&prepared, &key(), Utc::now() + TimeDelta::seconds(30), limit).await
}

/// Fails five times, and returns for how long nothing is asked now.
async fn brought_down(site: &Site) -> Duration {
    for n in 0..5 {
        let error = open(site, LOCK).await.unwrap_err();
        assert_eq!(error.cause, Cause::Unavailable, "{n}");
    }
    let error = open(site, LOCK).await.unwrap_err();
    let verdict = (error.cause, error.certainty, error.written, error.status);
    assert_eq!(verdict, (Cause::BreakerOpen, Certainty::NeverHappened, false, None));
    assert!(error.to_string().contains("the Connect API failed 5 times in a row"), "{error}");
    error.retry_after.unwrap()
}

#[tokio::test]
async fn a_host_that_is_down_is_left_alone_and_asked_again_in_time() {
    let weather = Weather::default();
    let server = server(&weather).await;
    let shared = api(&server.url);
    let (site, neighbour) = (integration("acme", &shared), integration("other", &shared));
    site.prepare(LOCK).await.unwrap();
    neighbour.prepare(LOCK).await.unwrap();
    weather.set(DOWN);
    let wait = brought_down(&site).await;
    let before = server.count("");
    assert_eq!(open(&neighbour, LOCK).await.unwrap_err().cause, Cause::BreakerOpen);
    assert_eq!(site.locks().await.unwrap_err().cause, Cause::BreakerOpen);
    assert_eq!(server.count(""), before, "nothing is asked");
    let [identity, api] = shared.breakers.state();
    assert_eq!(identity, (Host::Identity, BreakerState::Closed));
    assert!(matches!(api, (Host::Api, BreakerState::Open { failures: 5, .. })), "{api:?}");

    // The probe fails; the one after it does not.
    assert!(wait <= CAP);
    sleep(wait).await;
    assert_eq!(open(&site, LOCK).await.unwrap_err().cause, Cause::Unavailable);
    let error = open(&site, LOCK).await.unwrap_err();
    assert_eq!(error.cause, Cause::BreakerOpen);
    weather.set(FINE);
    assert!(error.retry_after.unwrap() <= CAP);
    sleep(error.retry_after.unwrap()).await;
    assert_eq!(open(&neighbour, LOCK).await, Ok(()));
    assert_eq!(open(&site, LOCK).await, Ok(()));
    assert_eq!(shared.breakers.state()[1], (Host::Api, BreakerState::Closed));
}

#[tokio::test]
async fn one_call_alone_is_the_probe_and_given_up_it_makes_way() {
    let weather = Weather::default();
    let server = server(&weather).await;
    let site = integration("acme", &api(&server.url));
    site.prepare(LOCK).await.unwrap();
    weather.set(DOWN);
    sleep(brought_down(&site).await).await;

    weather.set(SILENT);
    let before = server.count("/locking");
    let probe = {
        let site = site.clone();
        tokio::spawn(async move { open(&site, LOCK).await })
    };
    until("the probe arrives", || server.count("/locking") == before + 1).await;
    for _ in 0..5 {
        let error = open(&site, LOCK).await.unwrap_err();
        assert_eq!(error.cause, Cause::BreakerOpen);
        assert!(error.retry_after.unwrap() <= Duration::from_millis(500));
    }
    assert_eq!(server.count("/locking"), before + 1);
    weather.set(FINE);
    probe.abort();
    assert!(probe.await.unwrap_err().is_cancelled());
    assert_eq!(open(&site, LOCK).await, Ok(()));
}

#[tokio::test]
async fn no_connection_opens_it_too() {
    let weather = Weather::default();
    let server = server(&weather).await;
    let prepared = {
        let site = integration("acme", &api(&server.url));
        site.prepare(LOCK).await.unwrap()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let site = integration("acme", &api(&url));
    let leave_before = Utc::now() + TimeDelta::seconds(30);
    let key = key();
    let open = || site.open(&prepared, &key, leave_before, Duration::from_secs(5));
    for _ in 0..5 {
        assert!(open().await.unwrap_err().to_string().contains("refused"));
    }
    assert_eq!(open().await.unwrap_err().cause, Cause::BreakerOpen);
}

#[tokio::test]
async fn connecting_without_end_opens_it_though_the_commands_time_ends_first() {
    let server = server(&Weather::default()).await;
    let prepared = integration("acme", &api(&server.url)).prepare(LOCK).await.unwrap();
    // TLS with a server that says nothing is a connection that takes for ever.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let shared = api(&url);
    let site = integration("acme", &shared);
    for (ms, certain) in [(100, false), (1_050, true)] {
        let commands = (0..5).map(|_| {
            let (site, prepared) = (site.clone(), prepared.clone());
            tokio::spawn(async move {
                let leave_before = Utc::now() + TimeDelta::milliseconds(ms);
                site.open(&prepared, &key(), leave_before, Duration::from_secs(5)).await
            })
        });
        for command in commands.collect::<Vec<_>>() {
            assert_eq!(command.await.unwrap().unwrap_err().cause, Cause::Expired);
        }
        let closed = shared.breakers.state()[1].1 == BreakerState::Closed;
        assert_eq!(closed, !certain, "{ms} ms");
    }
}

#[tokio::test]
async fn one_hanging_iq_delays_no_other_and_two_are_the_hosts_fault() {
    let server = Server::start(|seen| {
        two_iqs(seen).unwrap_or_else(|| match seen.path.contains(&LOCK.to_string()) {
            true => Reply::Reset,
            false => Reply::with(502, "", ""),
        })
    })
    .await;
    let site = integration("acme", &api(&server.url));
    site.prepare(LOCK).await.unwrap();
    for _ in 0..10 {
        assert_eq!(open(&site, LOCK).await.unwrap_err().cause, Cause::Unanswered);
    }
    let error = open(&site, OTHER_LOCK).await.unwrap_err();
    assert_eq!((error.cause, error.status), (Cause::Unavailable, Some(502)));
    assert_eq!(open(&site, OTHER_LOCK).await.unwrap_err().cause, Cause::BreakerOpen);
}

#[tokio::test]
async fn other_calls_count_too_and_what_is_no_answer_of_an_api_is_none() {
    let replies: [fn() -> Reply; 5] = [
        || Reply::with(200, "", "<html>please log in</html>"),
        || Reply::with(302, "Location: /login\r\n", ""),
        || Reply::with(404, "", "<html>"),
        || Reply::with(502, "", ""),
        || Reply::Reset,
    ];
    for reply in replies {
        let server = Server::start(move |seen| match seen.path.as_str() {
            "/connect/token" => salto(seen).unwrap(),
            _ => reply(),
        })
        .await;
        let site = integration("acme", &api(&server.url));
        for _ in 0..5 {
            assert_ne!(site.sites().await.unwrap_err().cause, Cause::BreakerOpen);
        }
        assert_eq!(site.sites().await.unwrap_err().cause, Cause::BreakerOpen);
        assert_eq!(server.count("/sites"), 5);
    }
}

#[tokio::test]
async fn answers_that_prove_the_host_works_never_open_it() {
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
        let server = Server::start(move |seen| {
            two_iqs(seen).unwrap_or_else(|| Reply::with(status, "", &body))
        })
        .await;
        let site = integration("acme", &api(&server.url));
        let prepared = site.prepare(LOCK).await.unwrap();
        for _ in 0..8 {
            let leave_before = Utc::now() + TimeDelta::seconds(30);
            let opened = site.open(&prepared, &key(), leave_before, CAP).await;
            assert_eq!(opened.unwrap_err().status, Some(status));
        }
    }
}

#[tokio::test]
async fn an_identity_provider_that_is_away_leaves_doors_alone_and_is_left_alone() {
    for reply in [
        || Reply::with(404, "", r#"{"error":"invalid_client"}"#),
        || Reply::with(200, "", "<html>"),
        || Reply::with(503, "", ""),
        || Reply::Reset,
    ] {
        let away = Weather::default();
        let server = {
            let away = away.clone();
            Server::start(move |seen| match away.0.load(Ordering::SeqCst) {
                DOWN if seen.path == "/connect/token" => reply(),
                _ => two_iqs(seen).unwrap_or_else(|| Reply::json(200, &json!({}))),
            })
            .await
        };
        let shared = api(&server.url);
        let (with_token, without) = (integration("acme", &shared), integration("other", &shared));
        with_token.prepare(LOCK).await.unwrap();
        away.set(DOWN);
        for _ in 0..5 {
            assert_eq!(without.prepare(LOCK).await.unwrap_err().cause, Cause::Unavailable);
        }
        let before = server.count("/connect/token");
        let error = without.prepare(LOCK).await.unwrap_err();
        assert_eq!(error.cause, Cause::BreakerOpen);
        assert!(error.to_string().contains("the identity provider"), "{error}");
        assert!(error.retry_after.unwrap() <= CAP);
        assert_eq!(server.count("/connect/token"), before);
        assert_eq!(open(&with_token, LOCK).await, Ok(()));
        away.set(FINE);
        sleep(error.retry_after.unwrap()).await;
        assert!(without.prepare(LOCK).await.is_ok());
    }
}

#[tokio::test]
async fn rejected_credentials_say_that_the_provider_works() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/connect/token" => Reply::json(400, &json!({"error": "invalid_grant"})),
        _ => salto(seen).unwrap(),
    })
    .await;
    let shared = api(&server.url);
    for n in 0..8 {
        let site = integration(&format!("acme-{n}"), &shared);
        assert_eq!(site.prepare(LOCK).await.unwrap_err().cause, Cause::CredentialsRejected);
    }
}

/// Time flies here while nothing happens.
#[tokio::test(start_paused = true)]
async fn a_silent_identity_provider_is_waited_for_no_longer_than_told_and_opens_it() {
    let server = Server::start(|_| Reply::Silence).await;
    let site = integration("acme", &api(&server.url));
    let asked = async {
        for _ in 0..5 {
            assert_eq!(site.prepare(LOCK).await.unwrap_err().cause, Cause::Unavailable);
        }
        assert_eq!(site.prepare(LOCK).await.unwrap_err().cause, Cause::BreakerOpen);
    };
    tokio::time::timeout(Duration::from_secs(5 * 10 + 1), asked).await.unwrap();
}
