//! Commands whose permission is no longer fresh when they could be sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::super::server::{Reply, Server, wait_until};
use super::super::{LOCK, NotRenewed, key, permission, salto, site};
use super::{LIMIT, prepared_for, soon};
use crate::{Cause, Certainty, RenewPermission, SendPermission};

/// How long a permission is fresh (`docs/contract.md`, invariant 2).
const FRESH: Duration = Duration::from_millis(300);

fn stale(send_before: DateTime<Utc>) -> SendPermission {
    SendPermission { send_before, fresh_until: Instant::now() - Duration::from_millis(1) }
}

/// Renewals that answer with these permissions, and are counted.
#[derive(Clone)]
struct Renewals {
    answers: fn(usize) -> SendPermission,
    count: Arc<AtomicUsize>,
}

impl Renewals {
    fn new(answers: fn(usize) -> SendPermission) -> Self {
        Self { answers, count: Arc::default() }
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

impl RenewPermission for Renewals {
    async fn renew(&mut self) -> Option<SendPermission> {
        Some((self.answers)(self.count.fetch_add(1, Ordering::SeqCst)))
    }
}

/// A renewal that does not end.
struct Endless;

impl RenewPermission for Endless {
    async fn renew(&mut self) -> Option<SendPermission> {
        std::future::pending().await
    }
}

async fn opening_server() -> Server {
    Server::start(|request| salto(request).unwrap_or_else(|| Reply::json(200, &json!({})))).await
}

#[tokio::test]
async fn a_command_that_is_not_fresh_is_sent_after_one_renewal() {
    let server = opening_server().await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    let mut renewals = Renewals::new(|_| permission(soon()));
    site.open(&prepared, &key(), stale(soon()), LIMIT, &mut renewals).await.unwrap();
    assert_eq!((renewals.count(), server.count("/locking")), (1, 1));
    assert!(server.requests("/locking")[0].body.contains("otp"));
    site.rehearse(&prepared, &key(), stale(soon()), LIMIT, &mut renewals).await.unwrap();
    assert_eq!((renewals.count(), server.count("/pin")), (2, 1));
    site.open(&prepared, &key(), permission(soon()), LIMIT, &mut renewals).await.unwrap();
    assert_eq!((renewals.count(), server.count("/locking")), (2, 2), "none where it is fresh");
}

#[tokio::test]
async fn a_renewal_that_took_too_long_is_asked_for_again() {
    let server = opening_server().await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    let mut renewals = Renewals::new(|before| match before {
        0 | 1 => stale(soon()),
        _ => permission(soon()),
    });
    site.open(&prepared, &key(), stale(soon()), LIMIT, &mut renewals).await.unwrap();
    assert_eq!((renewals.count(), server.count("/locking")), (3, 1));
}

#[tokio::test]
async fn a_command_that_is_not_renewed_never_arrives_and_its_connection_is_closed() {
    let server = opening_server().await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    for ended in 1..=3 {
        let withdrawn = site.open(&prepared, &key(), stale(soon()), LIMIT, &mut NotRenewed).await;
        let error = withdrawn.unwrap_err();
        let found = (error.certainty, error.cause, error.written);
        assert_eq!(found, (Certainty::NeverHappened, Cause::Withdrawn, false));
        wait_until("the connection ends", || server.closed() == ended).await;
    }
    assert_eq!(server.count("/locking"), 0);
    site.open(&prepared, &key(), permission(soon()), LIMIT, &mut NotRenewed).await.unwrap();
    assert_eq!(server.count("/locking"), 1);
}

#[tokio::test]
async fn a_renewal_has_the_time_that_sending_has() {
    let server = opening_server().await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    let short = Duration::from_millis(200);
    let found = site.open(&prepared, &key(), stale(soon()), short, &mut Endless).await;
    let error = found.unwrap_err();
    assert_eq!((error.cause, error.written), (Cause::Withdrawn, false), "{error}");
    let soon_over = stale(Utc::now() + TimeDelta::milliseconds(200));
    let found = site.open(&prepared, &key(), soon_over, LIMIT, &mut Endless).await;
    let error = found.unwrap_err();
    assert_eq!((error.cause, error.written), (Cause::Expired, false), "{error}");
    wait_until("the connections end", || server.closed() == 2).await;
    assert_eq!(server.count("/locking"), 0);
}

#[tokio::test]
async fn a_lost_syn_makes_the_permission_old_and_it_is_renewed_on_the_connection() {
    // The queue of the listener has one place, which is taken: the kernel drops the SYN, and repeats it
    // after a second.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let _taken = TcpStream::connect(address).await.unwrap();
    let (site, prepared) = prepared_for(&format!("http://{address}")).await;
    let renewals = Renewals::new(|_| permission(soon()));
    let mut renewal = renewals.clone();
    let opening = tokio::spawn(async move {
        let fresh = SendPermission { send_before: soon(), fresh_until: Instant::now() + FRESH };
        site.open(&prepared, &key(), fresh, LIMIT, &mut renewal).await
    });
    let port = format!(":{:04X} 02 ", address.port());
    wait_until("the SYN", || std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&port))
        .await;
    let server = Server::at(listener, |_| Reply::json(200, &json!({})));
    opening.await.unwrap().unwrap();
    assert_eq!((renewals.count(), server.count("/locking")), (1, 1));
}

#[tokio::test]
async fn an_answer_to_the_head_alone_is_no_answer_to_the_command() {
    let retry = "HTTP/1.1 503 X\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
    for (answer, after) in [(retry, Some(7)), ("HTTP/1.1 204 X\r\n\r\n", None)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answering = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            rest
        });
        let (site, prepared) = prepared_for(&url).await;
        let found = site.open(&prepared, &key(), stale(soon()), LIMIT, &mut Endless).await;
        let error = found.unwrap_err();
        let found = (error.certainty, error.cause, error.written);
        assert_eq!(found, (Certainty::NeverHappened, Cause::Unavailable, false), "{error}");
        assert_eq!(error.retry_after, after.map(Duration::from_secs));
        assert_eq!(answering.await.unwrap(), b"", "nothing of the command follows");
    }
}
