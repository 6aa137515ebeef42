//! The open command: what leaves when, and what the answers mean.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::server::{Reply, Server, until};
use super::{LOCK, SITE, key, salto, site};
use crate::{Cause, Certainty, OpenError, PreparedLock, Site};

const LIMIT: Duration = Duration::from_secs(5);

fn soon() -> DateTime<Utc> {
    Utc::now() + TimeDelta::seconds(30)
}

/// Opens once against a server that answers the command like this.
async fn open_with(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Result<(), OpenError> {
    let server = Server::start(move |seen| salto(seen).unwrap_or_else(&reply)).await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    let opened = site.open(&prepared, &key(), soon(), LIMIT).await;
    assert_eq!(server.count("/locking"), 1, "one command, whatever the answer");
    opened
}

/// A prepared command whose server is at `url`, where nothing has answered yet.
async fn prepared_for(url: &str) -> (Site, PreparedLock) {
    let server = Server::start(|seen| salto(seen).unwrap()).await;
    let prepared = site(&server).prepare(LOCK).await.unwrap();
    let elsewhere = super::process(
        url,
        super::account(),
        Arc::new(crate::MemoryTokenCache::new()),
        Arc::new(Utc::now),
    );
    (elsewhere, prepared)
}

#[tokio::test]
async fn the_command_is_one_signed_request_in_one_write() {
    let server = Server::start(|seen| {
        salto(seen).unwrap_or_else(|| Reply::json(200, &json!({"locked_state": "unlocked"})))
    })
    .await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    let before = Utc::now();
    site.open(&prepared, &key(), soon(), LIMIT).await.unwrap();
    let after = Utc::now();
    let seen = server.seen("/locking").remove(0);
    assert_eq!(seen.method, "PATCH");
    assert_eq!(seen.path, format!("/v1.2/sites/{SITE}/locks/{LOCK}/locking"));
    assert!(seen.head.contains("authorization: Bearer token-hush"));
    assert!(seen.head.contains("content-type: application/json"));
    assert!(seen.in_one, "head and body leave together");
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body["locked_state"], "unlocked");
    let otp = body["otp"].as_str().unwrap();
    let seconds = before.timestamp()..=after.timestamp();
    let mut possible = seconds.map(|second| DateTime::from_timestamp(second, 0).unwrap());
    assert!(possible.any(|at| key().otp(at).expose() == otp));
}

#[tokio::test]
async fn a_rehearsal_asks_for_a_look_at_the_password_and_for_no_door() {
    let server =
        Server::start(|seen| salto(seen).unwrap_or_else(|| Reply::with(204, "", ""))).await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    site.rehearse(&prepared, &key(), soon(), LIMIT).await.unwrap();
    assert_eq!(server.count("/locking"), 0);
    let seen = server.seen("/pin").remove(0);
    assert_eq!(seen.method, "PUT");
    assert_eq!(seen.path, format!("/v1.2/sites/{SITE}/iqs/{}/pin", prepared.iq_id));
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(body["delta"], "0000");
    assert_eq!(body["otp"].as_str().unwrap().len(), key().otp(Utc::now()).expose().len());
    assert_eq!(body.as_object().unwrap().len(), 2);

    let late = site.rehearse(&prepared, &key(), Utc::now(), LIMIT).await.unwrap_err();
    assert_eq!((late.cause, late.written), (Cause::Expired, false));
    assert_eq!(server.count("/pin"), 1, "its time over, it does not leave");
}

#[tokio::test]
async fn the_password_is_of_saltos_time() {
    let date = "Tue, 25 Aug 2026 07:25:00 GMT";
    let server = Server::start(move |seen| match salto(seen) {
        Some(Reply::Bytes(bytes)) => {
            Reply::Bytes(bytes.replacen("\r\n", &format!("\r\nDate: {date}\r\n"), 1))
        }
        _ => Reply::json(200, &json!({})),
    })
    .await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    site.open(&prepared, &key(), soon(), LIMIT).await.unwrap();
    let body: Value = serde_json::from_str(&server.seen("/locking")[0].body).unwrap();
    let salto_now = DateTime::parse_from_rfc2822(date).unwrap().with_timezone(&Utc);
    let mut possible = (-1..10).map(|second| salto_now + TimeDelta::seconds(second));
    assert!(possible.any(|at| key().otp(at).expose() == body["otp"].as_str().unwrap()));
}

#[tokio::test]
async fn every_answer_has_its_verdict() {
    use Certainty::{NeverHappened, Refused, Unknown};
    let salto =
        |code: &str, message: &str| json!({"ErrorCode": code, "Message": message}).to_string();
    let table = [
        (401, String::new(), NeverHappened, Cause::TokenRejected),
        (429, String::new(), NeverHappened, Cause::RateLimited),
        (503, String::new(), NeverHappened, Cause::Unavailable),
        (500, String::new(), Unknown, Cause::Unavailable),
        (502, "<html>".into(), Unknown, Cause::Unavailable),
        (504, String::new(), Unknown, Cause::Unavailable),
        (599, String::new(), Unknown, Cause::Unavailable),
        (408, String::new(), Unknown, Cause::Unanswered),
        (302, String::new(), NeverHappened, Cause::Unavailable),
        (404, "<html>".into(), NeverHappened, Cause::Unavailable),
        (404, salto("1000", "unknown"), Refused, Cause::LockNotFound),
        (404, salto("2202", "Otp is invalid"), Refused, Cause::OtpInvalid),
        (400, salto("1100", ""), Refused, Cause::LockNotFound),
        (400, salto("3102", "otp_invalid"), Refused, Cause::OtpInvalid),
        (403, salto("3102", "OTP_BLOCKED"), Refused, Cause::OtpBlocked),
        (400, salto("3102", "iq_offline"), NeverHappened, Cause::IqOffline),
        (403, salto("3102", "command_forbidden"), Refused, Cause::Forbidden),
        (403, salto("2203", "Jane Doe has no right"), Refused, Cause::Forbidden),
        (409, salto("9", ""), Refused, Cause::Forbidden),
    ];
    for (status, body, certainty, cause) in table {
        let sent = body.clone();
        let error = open_with(move || Reply::with(status, "", &sent)).await.unwrap_err();
        let verdict = (error.certainty, error.cause, error.status, error.written);
        assert_eq!(verdict, (certainty, cause, Some(status), true), "{status} {body}");
        assert!(!format!("{error} {error:?}").contains("Jane"));
    }
}

#[tokio::test]
async fn retry_after_is_handed_on() {
    let error = open_with(|| Reply::with(429, "Retry-After: 30\r\n", "")).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(30)));
    let error = open_with(|| {
        let date = (Utc::now() + TimeDelta::seconds(100)).to_rfc2822().replace("+0000", "GMT");
        Reply::with(503, &format!("Retry-After: {date}\r\n"), "")
    });
    let after = error.await.unwrap_err().retry_after.unwrap();
    assert!(after > Duration::from_secs(90) && after <= Duration::from_secs(100));
}

#[tokio::test]
async fn an_accepted_command_is_accepted_whatever_its_body_does() {
    for cut in ["HTTP/1.1 200 X\r\nContent-Length: 90\r\n\r\n{\"a", "HTTP/1.1 204 X\r\n\r\n"] {
        assert_eq!(open_with(move || Reply::Last(cut.into())).await, Ok(()));
    }
    // A body that never comes is not waited for.
    let slow = || Reply::Bytes("HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n".into());
    let opened = tokio::time::timeout(Duration::from_secs(20), open_with(slow)).await;
    assert_eq!(opened.unwrap(), Ok(()));
}

#[tokio::test]
async fn once_written_no_answer_means_unknown() {
    let half = "HTTP/1.1 200 X\r\nContent-Le";
    for reply in [Reply::Reset, Reply::Last(String::new()), Reply::Last(half.into())] {
        let reply = std::sync::Mutex::new(Some(reply));
        let take = move || reply.lock().unwrap().take().expect("the command came twice");
        let error = open_with(take).await.unwrap_err();
        let verdict = (error.certainty, error.cause, error.written);
        assert_eq!(verdict, (Certainty::Unknown, Cause::Unanswered, true));
    }
}

#[tokio::test]
async fn silence_is_unknown_after_the_limit_even_past_the_deadline_for_leaving() {
    let server = Server::start(|seen| salto(seen).unwrap_or(Reply::Silence)).await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    for (leave_in, limit) in [(30_000, 500), (1_000, 1_500)] {
        let started = tokio::time::Instant::now();
        let leave_before = Utc::now() + TimeDelta::milliseconds(leave_in);
        let limit = Duration::from_millis(limit);
        let error = site.open(&prepared, &key(), leave_before, limit).await.unwrap_err();
        assert!(started.elapsed() >= limit);
        let verdict = (error.certainty, error.cause, error.written);
        assert_eq!(verdict, (Certainty::Unknown, Cause::Unanswered, true));
    }
    assert_eq!(server.count("/locking"), 2);
}

#[tokio::test]
async fn a_refused_connection_never_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (site, prepared) = prepared_for(&url).await;
    let error = site.open(&prepared, &key(), soon(), LIMIT).await.unwrap_err();
    let verdict = (error.certainty, error.cause, error.written);
    assert_eq!(verdict, (Certainty::NeverHappened, Cause::Unavailable, false));
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_failed_tls_handshake_never_happened() {
    let server = Server::start(|_| Reply::Reset).await;
    let (site, prepared) = prepared_for(&server.url.replace("http:", "https:")).await;
    let limit = Duration::from_millis(500);
    let error = site.open(&prepared, &key(), soon(), limit).await.unwrap_err();
    let verdict = (error.certainty, error.cause, error.written);
    assert_eq!(verdict, (Certainty::NeverHappened, Cause::Unavailable, false));
}

#[tokio::test]
async fn a_slow_connection_makes_a_command_late_and_nothing_arrives() {
    // TLS with a server that says nothing is a connection that takes for ever.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (site, prepared) = prepared_for(&url).await;
    let leave_before = Utc::now() + TimeDelta::milliseconds(200);
    let error = site.open(&prepared, &key(), leave_before, LIMIT).await.unwrap_err();
    assert!(Utc::now() >= leave_before);
    let verdict = (error.certainty, error.cause, error.written);
    assert_eq!(verdict, (Certainty::NeverHappened, Cause::Expired, false));
}

#[tokio::test]
async fn a_command_out_of_time_is_late_on_new_and_on_kept_connections_and_nothing_arrives() {
    let server =
        Server::start(|seen| salto(seen).unwrap_or_else(|| Reply::json(200, &json!({})))).await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    for _ in 0..3 {
        let error = site.open(&prepared, &key(), Utc::now(), LIMIT).await.unwrap_err();
        let verdict = (error.certainty, error.cause, error.written);
        assert_eq!(verdict, (Certainty::NeverHappened, Cause::Expired, false));
    }
    until("the connections end", || server.closed() == 3).await;
    assert_eq!(server.torn(), 0, "not even the head of a late command arrives");
    site.open(&prepared, &key(), soon(), LIMIT).await.unwrap();
    assert_eq!(server.count("/locking"), 1);
}

#[tokio::test]
async fn connections_are_kept_and_one_closed_by_the_peer_costs_no_command() {
    let commands = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |seen| match salto(seen) {
        Some(reply) => reply,
        // The second command's answer is the last on its connection, without saying so.
        None if commands.fetch_add(1, Ordering::SeqCst) == 1 => {
            Reply::Last("HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}".into())
        }
        None => Reply::json(200, &json!({})),
    })
    .await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    for opened in 1..=3 {
        site.open(&prepared, &key(), soon(), LIMIT).await.unwrap();
        assert_eq!(server.count("/locking"), opened);
        if opened == 2 {
            until("the client notices the end", || server.closed() == 1).await;
        }
    }
    let connections: Vec<usize> = server.seen("").iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0, 0, 0, 0, 1]);
}

#[tokio::test]
async fn a_404_that_breaks_off_may_be_about_the_password_and_is_not_tried_again() {
    let cut = "HTTP/1.1 404 X\r\nContent-Length: 90\r\n\r\n{\"Err";
    let error = open_with(move || Reply::Last(cut.into())).await.unwrap_err();
    assert_eq!((error.certainty, error.cause), (Certainty::Refused, Cause::Forbidden));
    assert_eq!((error.written, error.status), (true, Some(404)));
    let whole = "HTTP/1.1 404 X\r\nContent-Length: 4\r\n\r\ngone";
    let error = open_with(move || Reply::Last(whole.into())).await.unwrap_err();
    assert_eq!((error.certainty, error.cause), (Certainty::NeverHappened, Cause::Unavailable));
}
