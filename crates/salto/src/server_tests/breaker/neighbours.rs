//! One thing that is sick, alone: what is asked for beside it works as if nothing were.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::super::server::{Reply, Request, Server};
use super::super::{LOCK, client};
use super::{OTHER_LOCK, integration, open, open_within, two_iqs};
use crate::http::salto_client::SaltoClient;
use crate::{BreakerScope, BreakerState, Cause, Host, Site};

/// A server that gives `reply` to the requests that `is_sick` names, and opens every other lock.
async fn server(is_sick: fn(&Request) -> bool, reply: fn() -> Reply) -> Server {
    Server::start(move |request| match is_sick(request) {
        true => reply(),
        false => two_iqs(request).unwrap_or_else(|| Reply::json(200, &json!({}))),
    })
    .await
}

/// The token of an integration is named after it, so that a request shows whose it is.
fn of_sick_account(request: &Request) -> bool {
    request.body.contains("username=sick") || request.head.contains("token-of-sick")
}

fn sick_lock(request: &Request) -> bool {
    request.path.contains(&LOCK.to_string())
}

const REPLIES: [fn() -> Reply; 4] = [
    || Reply::with(503, "", ""),
    || Reply::with(500, "", ""),
    || Reply::with(404, "", "<html>"),
    || Reply::NoAnswer,
];

/// Opens doors of `site` beside those of `sick`, ten times; every one of them opens at once.
async fn open_beside(sick: &Site, site: &Site) {
    for n in 0..10 {
        let limit = Duration::from_millis(50);
        open_within(sick, LOCK, limit).await.unwrap_err();
        assert_eq!(open(site, OTHER_LOCK).await, Ok(()), "{n}");
    }
}

fn open_breakers(client: &SaltoClient, host: Host) -> Vec<(BreakerScope, usize)> {
    let open = client.breakers.open().into_iter();
    open.filter(|it| it.0 == host && it.2 > 0).map(|(_, scope, count)| (scope, count)).collect()
}

#[tokio::test]
async fn a_sick_lock_or_iq_stops_no_other_of_the_same_integration() {
    for reply in REPLIES {
        let server = server(sick_lock, reply).await;
        let shared = client(&server.url);
        let site = integration("acme", &shared);
        site.prepare(LOCK).await.unwrap();
        open_beside(&site, &site).await;
        assert_eq!(open_breakers(&shared, Host::Api), [(BreakerScope::Lock, 1)]);
        assert!(server.requests("/locking").iter().filter(|it| sick_lock(it)).count() < 10);
    }
}

/// All doors of the site fail, and so do its lists.
#[tokio::test]
async fn a_sick_site_stops_no_other() {
    let sick_site = |request: &Request| request.head.contains("token-of-sick");
    for reply in REPLIES {
        let server = Server::start(move |request| {
            if request.path == "/connect/token" {
                let name = if request.body.contains("username=sick") { "sick" } else { "well" };
                let token = format!("token-of-{name}");
                return super::super::granted(&token, 3600);
            }
            if sick_site(request) && request.path.ends_with("/locking") {
                return reply();
            }
            two_iqs(request).unwrap_or_else(|| Reply::json(200, &json!({})))
        })
        .await;
        let shared = client(&server.url);
        let (sick, well) = (integration("sick", &shared), integration("well", &shared));
        for site in [&sick, &well] {
            site.prepare(LOCK).await.unwrap();
        }
        for lock in [LOCK, OTHER_LOCK].repeat(10) {
            open_within(&sick, lock, Duration::from_millis(50)).await.unwrap_err();
            assert_eq!(open(&well, LOCK).await, Ok(()));
        }
        let open = open_breakers(&shared, Host::Api);
        assert!(open.contains(&(BreakerScope::Integration, 1)), "{open:?}");
        assert_eq!(shared.breakers.state()[1], (Host::Api, BreakerState::Closed));
    }
}

#[tokio::test]
async fn an_account_without_a_token_stops_no_other() {
    for reply in &REPLIES[..3] {
        let server = server(of_sick_account, *reply).await;
        let shared = client(&server.url);
        let sick = integration("sick", &shared);
        for n in 0..10 {
            let cause = sick.prepare(LOCK).await.unwrap_err().cause;
            // Some of the later ones may be probes.
            let expected = cause == Cause::Unavailable || (n >= 5 && cause == Cause::BreakerOpen);
            assert!(expected, "{n}: {cause:?}");
            let well = integration(&format!("well-{n}"), &shared);
            well.prepare(LOCK).await.unwrap();
        }
        let open = open_breakers(&shared, Host::Identity);
        // Each success of another account shows that the host works.
        assert_eq!(open, [(BreakerScope::Integration, 1)]);
        assert!(server.requests("/token").iter().filter(|it| of_sick_account(it)).count() < 10);
    }
}

/// While the breaker of the host is open because two accounts fail, a third one opens its door.
#[tokio::test]
async fn two_sick_accounts_do_not_stop_a_third() {
    let works = Arc::new(AtomicBool::new(false));
    let server = {
        let works = Arc::clone(&works);
        Server::start(move |request| {
            let sick = request.path == "/connect/token" && request.body.contains("username=sick");
            match sick && !works.load(Ordering::SeqCst) {
                true => Reply::with(500, "", ""),
                false => two_iqs(request).unwrap_or_else(|| Reply::json(200, &json!({}))),
            }
        })
        .await
    };
    let shared = client(&server.url);
    let sick = [integration("sick-1", &shared), integration("sick-2", &shared)];
    for site in [&sick[0], &sick[0], &sick[0], &sick[1], &sick[1]] {
        assert_eq!(site.prepare(LOCK).await.unwrap_err().cause, Cause::Unavailable);
    }
    assert_eq!(open_breakers(&shared, Host::Identity), [(BreakerScope::Host, 1)]);
    assert_eq!(sick[0].prepare(LOCK).await.unwrap_err().cause, Cause::BreakerOpen);
    let well = integration("well", &shared);
    well.prepare(LOCK).await.unwrap();
    assert_eq!(open(&well, LOCK).await, Ok(()));
    works.store(true, Ordering::SeqCst);
    assert!(sick[0].prepare(LOCK).await.is_ok(), "the host works: its breaker has closed");
}
