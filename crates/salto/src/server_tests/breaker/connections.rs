//! Connections that fail, or take long, count against the host.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::net::TcpListener;

use super::super::{LOCK, NotRenewed, client, key, permission};
use super::{Behaviour, integration, server};
use crate::{BreakerState, Cause};

#[tokio::test]
async fn refused_connections_open_the_breaker() {
    let behaviour = Behaviour::default();
    let server = server(&behaviour).await;
    let prepared = {
        let site = integration("acme", &client(&server.url));
        site.prepare(LOCK).await.unwrap()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let shared = client(&url);
    let site = integration("acme", &shared);
    let send_before = Utc::now() + TimeDelta::seconds(30);
    let key = key();
    let permission = permission(send_before);
    let limit = Duration::from_secs(5);
    let open = async || site.open(&prepared, &key, permission, limit, &mut NotRenewed).await;
    for _ in 0..5 {
        assert!(open().await.unwrap_err().to_string().contains("refused"));
    }
    assert_eq!(open().await.unwrap_err().cause, Cause::BreakerOpen);
    // A host that cannot be reached is down for every account.
    let neighbour = integration("other", &shared);
    let opened = neighbour.open(&prepared, &key, permission, limit, &mut NotRenewed).await;
    assert_eq!(opened.unwrap_err().cause, Cause::BreakerOpen);
}

#[tokio::test]
async fn slow_connecting_opens_the_breaker_though_the_commands_expire_first() {
    let server = server(&Behaviour::default()).await;
    let prepared = integration("acme", &client(&server.url)).prepare(LOCK).await.unwrap();
    // A TLS handshake with a silent server never ends.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let shared = client(&url);
    let site = integration("acme", &shared);
    for (ms, certain) in [(100, false), (1_050, true)] {
        let commands = (0..5).map(|_| {
            let (site, prepared) = (site.clone(), prepared.clone());
            tokio::spawn(async move {
                let send_before = Utc::now() + TimeDelta::milliseconds(ms);
                let (permission, limit) = (permission(send_before), Duration::from_secs(5));
                site.open(&prepared, &key(), permission, limit, &mut NotRenewed).await
            })
        });
        for command in commands.collect::<Vec<_>>() {
            assert_eq!(command.await.unwrap().unwrap_err().cause, Cause::Expired);
        }
        let closed = shared.breakers.state()[1].1 == BreakerState::Closed;
        assert_eq!(closed, !certain, "{ms} ms");
    }
}
