//! Deadlines and connections of the open command.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;
use tokio::net::TcpListener;

use super::super::server::{Reply, Server, wait_until};
use super::super::{LOCK, NotRenewed, key, permission, salto, site};
use super::{LIMIT, prepared_for, soon};
use crate::{Cause, Certainty};

#[tokio::test]
async fn no_answer_is_unknown_after_the_limit_even_past_the_deadline_for_sending() {
    let server = Server::start(|request| salto(request).unwrap_or(Reply::NoAnswer)).await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    for (send_in, limit) in [(30_000, 500), (1_000, 1_500)] {
        let started = tokio::time::Instant::now();
        let send_before = Utc::now() + TimeDelta::milliseconds(send_in);
        let limit = Duration::from_millis(limit);
        let error = site
            .open(&prepared, &key(), permission(send_before), limit, &mut NotRenewed)
            .await
            .unwrap_err();
        assert!(started.elapsed() >= limit);
        let found = (error.certainty, error.cause, error.written);
        assert_eq!(found, (Certainty::Unknown, Cause::Unanswered, true));
    }
    assert_eq!(server.count("/locking"), 2);
}

#[tokio::test]
async fn a_refused_connection_never_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (site, prepared) = prepared_for(&url).await;
    let error =
        site.open(&prepared, &key(), permission(soon()), LIMIT, &mut NotRenewed).await.unwrap_err();
    let found = (error.certainty, error.cause, error.written);
    assert_eq!(found, (Certainty::NeverHappened, Cause::Unavailable, false));
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_failed_tls_handshake_never_happened() {
    let server = Server::start(|_| Reply::Reset).await;
    let (site, prepared) = prepared_for(&server.url.replace("http:", "https:")).await;
    let limit = Duration::from_millis(500);
    let error =
        site.open(&prepared, &key(), permission(soon()), limit, &mut NotRenewed).await.unwrap_err();
    let found = (error.certainty, error.cause, error.written);
    assert_eq!(found, (Certainty::NeverHappened, Cause::Unavailable, false));
}

#[tokio::test]
async fn a_slow_connection_expires_the_command_and_nothing_arrives() {
    // A TLS handshake with a silent server never ends.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (site, prepared) = prepared_for(&url).await;
    let send_before = Utc::now() + TimeDelta::milliseconds(200);
    let error = site
        .open(&prepared, &key(), permission(send_before), LIMIT, &mut NotRenewed)
        .await
        .unwrap_err();
    assert!(Utc::now() >= send_before);
    let found = (error.certainty, error.cause, error.written);
    assert_eq!(found, (Certainty::NeverHappened, Cause::Expired, false));
}

#[tokio::test]
async fn an_expired_command_is_not_sent_on_new_or_kept_connections() {
    let server =
        Server::start(|request| salto(request).unwrap_or_else(|| Reply::json(200, &json!({}))))
            .await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    for _ in 0..3 {
        let error = site
            .open(&prepared, &key(), permission(Utc::now()), LIMIT, &mut NotRenewed)
            .await
            .unwrap_err();
        let found = (error.certainty, error.cause, error.written);
        assert_eq!(found, (Certainty::NeverHappened, Cause::Expired, false));
    }
    wait_until("the connections end", || server.closed() == 3).await;
    assert_eq!(
        server.closed_within_request(),
        0,
        "not even the head of an expired command arrives"
    );
    site.open(&prepared, &key(), permission(soon()), LIMIT, &mut NotRenewed).await.unwrap();
    assert_eq!(server.count("/locking"), 1);
}

#[tokio::test]
async fn connections_are_reused_and_one_closed_by_the_peer_loses_no_command() {
    let commands = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |request| match salto(request) {
        Some(reply) => reply,
        // The connection ends after the answer to the second command, without an announcement.
        None if commands.fetch_add(1, Ordering::SeqCst) == 1 => {
            Reply::ThenClose("HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}".into())
        }
        None => Reply::json(200, &json!({})),
    })
    .await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    for opened in 1..=3 {
        site.open(&prepared, &key(), permission(soon()), LIMIT, &mut NotRenewed).await.unwrap();
        assert_eq!(server.count("/locking"), opened);
        if opened == 2 {
            wait_until("the client notices the end", || server.closed() == 1).await;
        }
    }
    let connections: Vec<usize> =
        server.requests("").iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 0, 0, 0, 1]);
}
