//! The open command, over HTTP: what is sent, and how answers are classified.

mod deadlines;
mod renewal;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::server::{Reply, Server};
use super::{LOCK, NotRenewed, SITE, key, permission, salto, site};
use crate::{Cause, Certainty, OpenError, PreparedLock, Site};

const LIMIT: Duration = Duration::from_secs(5);

fn soon() -> DateTime<Utc> {
    Utc::now() + TimeDelta::seconds(30)
}

/// Sends one command to a server that answers it with `reply`.
async fn open_with(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Result<(), OpenError> {
    let server = Server::start(move |request| salto(request).unwrap_or_else(&reply)).await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    let opened = site.open(&prepared, &key(), permission(soon()), LIMIT, &mut NotRenewed).await;
    assert_eq!(server.count("/locking"), 1, "one command, whatever the answer");
    opened
}

/// A site at `url`, and a lock that was prepared at another server.
async fn prepared_for(url: &str) -> (Site, PreparedLock) {
    let server = Server::start(|request| salto(request).unwrap()).await;
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
    let server = Server::start(|request| {
        salto(request).unwrap_or_else(|| Reply::json(200, &json!({"locked_state": "unlocked"})))
    })
    .await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    let before = Utc::now();
    site.open(&prepared, &key(), permission(soon()), LIMIT, &mut NotRenewed).await.unwrap();
    let after = Utc::now();
    let request = server.requests("/locking").remove(0);
    assert_eq!(request.method, "PATCH");
    assert_eq!(request.path, format!("/v1.2/sites/{SITE}/locks/{LOCK}/locking"));
    assert!(request.head.contains("authorization: Bearer token-hush"));
    assert!(request.head.contains("content-type: application/json"));
    assert!(request.in_one_read, "head and body are written together");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["locked_state"], "unlocked");
    let otp = body["otp"].as_str().unwrap();
    let seconds = before.timestamp()..=after.timestamp();
    let mut possible = seconds.map(|second| DateTime::from_timestamp(second, 0).unwrap());
    assert!(possible.any(|at| key().otp(at).expose() == otp));
}

#[tokio::test]
async fn a_rehearsal_checks_the_password_and_touches_no_door() {
    let server =
        Server::start(|request| salto(request).unwrap_or_else(|| Reply::with(204, "", ""))).await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    site.rehearse(&prepared, &key(), permission(soon()), LIMIT, &mut NotRenewed).await.unwrap();
    assert_eq!(server.count("/locking"), 0);
    let request = server.requests("/pin").remove(0);
    assert_eq!(request.method, "PUT");
    assert_eq!(request.path, format!("/v1.2/sites/{SITE}/iqs/{}/pin", prepared.iq_id));
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["delta"], "0000");
    assert_eq!(body["otp"].as_str().unwrap().len(), key().otp(Utc::now()).expose().len());
    assert_eq!(body.as_object().unwrap().len(), 2);

    let expired = site
        .rehearse(&prepared, &key(), permission(Utc::now()), LIMIT, &mut NotRenewed)
        .await
        .unwrap_err();
    assert_eq!((expired.cause, expired.written), (Cause::Expired, false));
    assert_eq!(server.count("/pin"), 1, "an expired rehearsal is not sent");
}

#[tokio::test]
async fn the_password_is_computed_for_saltos_time() {
    let date = "Tue, 25 Aug 2026 07:25:00 GMT";
    let server = Server::start(move |request| match salto(request) {
        Some(Reply::Bytes(bytes)) => {
            Reply::Bytes(bytes.replacen("\r\n", &format!("\r\nDate: {date}\r\n"), 1))
        }
        _ => Reply::json(200, &json!({})),
    })
    .await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    site.open(&prepared, &key(), permission(soon()), LIMIT, &mut NotRenewed).await.unwrap();
    let body: Value = serde_json::from_str(&server.requests("/locking")[0].body).unwrap();
    let salto_now = DateTime::parse_from_rfc2822(date).unwrap().with_timezone(&Utc);
    let mut possible = (-1..10).map(|second| salto_now + TimeDelta::seconds(second));
    assert!(possible.any(|at| key().otp(at).expose() == body["otp"].as_str().unwrap()));
}

#[tokio::test]
async fn every_answer_is_classified() {
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
        (404, salto("2202", "Lock not found"), Refused, Cause::LockNotFound),
        (404, salto("2202", "Otp is invalid"), Refused, Cause::OtpInvalid),
        (400, salto("1100", ""), Refused, Cause::LockNotFound),
        (400, salto("3102", "otp_invalid"), Refused, Cause::OtpInvalid),
        (403, salto("3102", "OTP_BLOCKED"), Refused, Cause::OtpBlocked),
        (400, salto("3102", "iq_offline"), NeverHappened, Cause::IqOffline),
        (400, salto("3102", "something_new"), NeverHappened, Cause::IqRefused),
        (403, salto("3102", "command_forbidden"), Refused, Cause::Forbidden),
        (403, salto("2203", "Jane Doe has no right"), Refused, Cause::Forbidden),
        (409, salto("9", ""), Refused, Cause::Forbidden),
        (200, "<html>Back soon</html>".into(), Unknown, Cause::Unavailable),
        (202, format!("<html>{}", "x".repeat(200_000)), Unknown, Cause::Unavailable),
        (200, salto("3102", "something_new"), Unknown, Cause::Forbidden),
        (200, salto("3102", "iq_offline"), Unknown, Cause::Forbidden),
        (200, salto("3102", "otp_invalid"), Unknown, Cause::OtpInvalid),
        (200, salto("3102", "otp_blocked"), Unknown, Cause::OtpBlocked),
    ];
    for (status, body, certainty, cause) in table {
        let sent = body.clone();
        let error = open_with(move || Reply::with(status, "", &sent)).await.unwrap_err();
        let found = (error.certainty, error.cause, error.status, error.written);
        assert_eq!(found, (certainty, cause, Some(status), true), "{status} {body}");
        assert!(!format!("{error} {error:?}").contains("Jane"));
    }
}

#[tokio::test]
async fn retry_after_is_part_of_the_error() {
    let error = open_with(|| Reply::with(429, "Retry-After: 30\r\n", "")).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(30)));
    let error = open_with(|| {
        let date = (Utc::now() + TimeDelta::seconds(100)).to_rfc2822().replace("+0000", "GMT");
        Reply::with(503, &format!("Retry-After: {date}\r\n"), "")
    });
    let after = error.await.unwrap_err().retry_after.unwrap();
    assert!(after > Duration::from_secs(90) && after <= Duration::from_secs(100));
    let fast_clock =
        "Date: Tue, 25 Aug 2099 07:25:00 GMT\r\nRetry-After: Tue, 25 Aug 2099 07:25:30 GMT\r\n";
    let error = open_with(move || Reply::with(429, fast_clock, "")).await.unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn a_2xx_whose_body_is_empty_or_cut_off_counts_as_opened() {
    for cut in [
        "HTTP/1.1 200 X\r\nContent-Length: 90\r\n\r\n{\"a",
        "HTTP/1.1 200 X\r\nContent-Length: 90\r\n\r\n{\"ErrorCode\":\"31",
        "HTTP/1.1 200 X\r\nContent-Length: 90\r\n\r\n",
        "HTTP/1.1 200 X\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 204 X\r\n\r\n",
    ] {
        assert_eq!(open_with(move || Reply::ThenClose(cut.into())).await, Ok(()), "{cut}");
    }
    // A body that never comes is waited for only for a moment.
    let slow = || Reply::Bytes("HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n".into());
    let opened = tokio::time::timeout(Duration::from_secs(20), open_with(slow)).await;
    assert_eq!(opened.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_2xx_with_html_is_unknown_also_where_it_is_cut_off() {
    for head in ["Content-Type: text/html\r\n\r\nBack", "\r\n<html>"] {
        let cut = format!("HTTP/1.1 200 X\r\nContent-Length: 90\r\n{head}");
        let error = open_with(move || Reply::ThenClose(cut.clone())).await.unwrap_err();
        assert_eq!((error.certainty, error.cause), (Certainty::Unknown, Cause::Unavailable));
        assert_eq!((error.written, error.status), (true, Some(200)));
    }
}

#[tokio::test]
async fn a_written_command_without_an_answer_is_unknown() {
    let half = "HTTP/1.1 200 X\r\nContent-Le";
    for reply in [Reply::Reset, Reply::ThenClose(String::new()), Reply::ThenClose(half.into())] {
        let reply = std::sync::Mutex::new(Some(reply));
        let take = move || reply.lock().unwrap().take().expect("the command came twice");
        let error = open_with(take).await.unwrap_err();
        let found = (error.certainty, error.cause, error.written);
        assert_eq!(found, (Certainty::Unknown, Cause::Unanswered, true));
    }
}

#[tokio::test]
async fn a_404_that_breaks_off_may_be_about_the_password_and_is_not_repeated() {
    let cut = "HTTP/1.1 404 X\r\nContent-Length: 90\r\n\r\n{\"Err";
    let error = open_with(move || Reply::ThenClose(cut.into())).await.unwrap_err();
    assert_eq!((error.certainty, error.cause), (Certainty::Refused, Cause::Forbidden));
    assert_eq!((error.written, error.status), (true, Some(404)));
    let whole = "HTTP/1.1 404 X\r\nContent-Length: 4\r\n\r\ngone";
    let error = open_with(move || Reply::ThenClose(whole.into())).await.unwrap_err();
    assert_eq!((error.certainty, error.cause), (Certainty::NeverHappened, Cause::Unavailable));
}
