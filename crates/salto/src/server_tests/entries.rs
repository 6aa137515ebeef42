//! The event log, over HTTP.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::server::{Reply, Request, Server};
use super::{LOCK, SITE, salto, site};
use crate::{CallError, Cause};

const LIMIT: Duration = Duration::from_secs(5);

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn entry(time: &str) -> Value {
    json!({
        "event_category": "lock_opened", "access_by": "remote", "lock_id": LOCK,
        "utc_date_time": time, "user_id": "u",
    })
}

/// Twenty entries of a tag, all at that time.
fn tags(time: &str) -> Vec<Value> {
    let tag = |n: usize| {
        let mut tag = entry(time);
        tag["access_by"] = json!("tag");
        tag["user_id"] = json!(n);
        tag
    };
    (0..20).map(tag).collect()
}

/// The answer of a Salto whose clock has this time.
fn salto_at(request: &Request, now: DateTime<Utc>) -> Reply {
    let date = now.to_rfc2822().replace("+0000", "GMT");
    match salto(request) {
        Some(Reply::Bytes(bytes)) => {
            Reply::Bytes(bytes.replacen("\r\n", &format!("\r\nDate: {date}\r\n"), 1))
        }
        _ => unreachable!(),
    }
}

/// All times from that one on.
fn since_then(at: DateTime<Utc>) -> RangeInclusive<DateTime<Utc>> {
    at..=DateTime::<Utc>::MAX_UTC
}

async fn opened_within(
    reply: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (Server, Result<Option<DateTime<Utc>>, CallError>) {
    let server = Server::start(move |request| match request.path.ends_with("/entries") {
        true => reply(&request.query),
        false => salto(request).unwrap(),
    })
    .await;
    let answer =
        site(&server).opened_within(LOCK, since_then(at("2026-08-25T07:25:00.400Z")), LIMIT).await;
    (server, answer)
}

#[tokio::test]
async fn the_first_opening_since_then_is_found() {
    let (server, answer) = opened_within(|_| {
        Reply::json(
            200,
            &json!({
                "items": [
                    7, null, {"event_category": null},
                    entry("2026-08-25T07:25:09"),
                    entry("2026-08-25T07:25:00"),
                    entry("2026-08-25T07:24:58"),
                ],
                "next_page_link": "/v1.1/more", "count": null, "new": true,
            }),
        )
    })
    .await;
    assert_eq!(answer, Ok(Some(at("2026-08-25T07:25:00Z"))));
    let request = server.requests("/entries").remove(0);
    assert_eq!(request.path, format!("/v1.1/sites/{SITE}/entries"));
    assert_eq!(request.query, "$top=100&$orderby=utc_date_time%20desc");
    assert!(request.head.contains("authorization: Bearer token-hush"));
    assert_eq!(server.count("/more"), 0, "what is older is not read");
}

#[tokio::test]
async fn a_log_without_the_opening_finds_nothing() {
    for body in [json!([]), json!({"items": []}), json!([entry("2026-08-25T07:24:00Z")])] {
        let (_server, answer) = opened_within(move |_| Reply::json(200, &body)).await;
        assert_eq!(answer, Ok(None));
    }
}

#[tokio::test]
async fn an_opening_that_seems_too_old_by_the_difference_of_the_clocks_is_found() {
    for (time, is_found) in [("2026-08-25T07:24:59Z", true), ("2026-08-25T07:24:58Z", false)] {
        let (_server, answer) = opened_within(|_| Reply::json(200, &json!([entry(time)]))).await;
        assert_eq!(answer, Ok(is_found.then(|| at(time))));
    }
}

#[tokio::test]
async fn a_page_that_does_not_suffice_is_asked_for_with_more_rows() {
    let log = || {
        let mut rows: Vec<_> = (0..6).flat_map(|_| tags("2026-08-25T07:26:00Z")).collect();
        for (number, row) in rows.iter_mut().enumerate() {
            row["id"] = number.into();
        }
        rows.push(entry("2026-08-25T07:25:01Z"));
        rows
    };
    for (more, found) in [(1000, true), (100, false), (0, false)] {
        let (server, answer) = opened_within(move |query| {
            let top = if query.starts_with("$top=1000") { more } else { 100 };
            let items: Vec<_> = log().into_iter().take(top).collect();
            let page = json!({"items": items, "continuation_token": "next"});
            Reply::json(if top == 0 { 400 } else { 200 }, &page)
        })
        .await;
        assert_eq!(answer, Ok(found.then(|| at("2026-08-25T07:25:01Z"))), "{more}");
        assert_eq!(server.count("/entries"), 2);
    }
}

#[tokio::test]
async fn later_pages_are_read_while_they_are_new_and_at_most_five() {
    let (server, answer) = opened_within(|query| {
        let items = match query.contains("$skip=40") {
            false => tags(if query.contains("skip") {
                "2026-08-25T07:26:00Z"
            } else {
                "2026-08-25T07:27:00Z"
            }),
            true => vec![entry("2026-08-25T07:25:01Z"), entry("2026-08-25T07:20:00Z")],
        };
        Reply::json(200, &Value::from(items))
    })
    .await;
    assert_eq!(answer, Ok(Some(at("2026-08-25T07:25:01Z"))));
    let queries: Vec<String> =
        server.requests("/entries").into_iter().map(|request| request.query).collect();
    assert_eq!(queries[2], "$orderby=utc_date_time%20desc&$top=20&$skip=40");

    let (server, answer) = opened_within(|query| {
        let page = query.split("page=").nth(1).map_or(1, |page| page.parse().unwrap());
        let time = format!("2026-08-25T08:{:02}:00Z", 59 - page);
        let next = format!("/v1.1/sites/{SITE}/entries?page={}", page + 1);
        Reply::json(200, &json!({"items": tags(&time), "next_page_link": next}))
    })
    .await;
    assert_eq!((answer, server.count("/entries")), (Ok(None), 5));
}

#[tokio::test]
async fn times_are_converted_to_saltos_clock_and_back() {
    let server = Server::start(|request| {
        if request.path.ends_with("/entries") {
            // Salto's clock is a day ahead.
            let ahead = Utc::now() + TimeDelta::days(1);
            return Reply::json(200, &json!([entry(&ahead.to_rfc3339())]));
        }
        salto_at(request, Utc::now() + TimeDelta::days(1))
    })
    .await;
    let site = site(&server);
    site.sites().await.unwrap();
    let opened = site.opened_within(LOCK, since_then(Utc::now()), LIMIT).await.unwrap().unwrap();
    assert!((opened - Utc::now()).abs() < TimeDelta::seconds(30), "{opened}");
    let tomorrow = Utc::now() + TimeDelta::hours(1);
    assert_eq!(site.opened_within(LOCK, since_then(tomorrow), LIMIT).await, Ok(None));
    // It is later than what could have opened the door.
    let before = Utc::now() - TimeDelta::minutes(2)..=Utc::now() - TimeDelta::minutes(1);
    assert_eq!(site.opened_within(LOCK, before, LIMIT).await, Ok(None));
}

#[tokio::test]
async fn a_row_from_before_saltos_clock_went_back_is_not_taken_for_a_newer_one() {
    let behind = Arc::new(AtomicI64::new(0));
    let row = entry(&Utc::now().to_rfc3339());
    let server = Server::start({
        let behind = Arc::clone(&behind);
        move |request| {
            if request.path.ends_with("/entries") {
                return Reply::json(200, &json!([row]));
            }
            salto_at(request, Utc::now() - TimeDelta::seconds(behind.load(Ordering::Relaxed)))
        }
    })
    .await;
    let site = site(&server);
    for _ in 0..3 {
        site.sites().await.unwrap();
    }
    let since = Utc::now();
    assert!(
        site.opened_within(LOCK, since_then(since), LIMIT).await.unwrap().is_some(),
        "it is of this second"
    );
    behind.store(20, Ordering::Relaxed);
    for _ in 0..5 {
        site.sites().await.unwrap();
    }
    let later = since + TimeDelta::seconds(15);
    assert_eq!(site.opened_within(LOCK, since_then(later), LIMIT).await, Ok(None));
}

#[tokio::test]
async fn a_row_of_the_future_is_of_a_clock_that_was_wrong() {
    for (ahead, found) in [(0, true), (14, false)] {
        let row = entry(&(Utc::now() + TimeDelta::seconds(ahead)).to_rfc3339());
        let server = Server::start(move |request| match request.path.ends_with("/entries") {
            true => Reply::json(200, &json!([row])),
            false => salto(request).unwrap(),
        })
        .await;
        let asked = site(&server).opened_within(LOCK, since_then(Utc::now()), LIMIT).await.unwrap();
        assert_eq!(asked.is_some(), found, "{ahead} s ahead");
    }
}

#[tokio::test]
async fn whoever_may_not_read_the_log_is_told_so_and_the_host_is_not_blamed() {
    let forbidden = json!({"ErrorCode": "2203", "Message": "no right"}).to_string();
    let unknown = json!({"ErrorCode": 1000, "Message": ""}).to_string();
    for (status, body) in
        [(403, forbidden), (403, String::new()), (404, unknown), (404, String::new())]
    {
        let server = Server::start(move |request| match request.path.ends_with("/entries") {
            true => Reply::with(status, "", &body),
            false => salto(request).unwrap(),
        })
        .await;
        let site = site(&server);
        for _ in 0..8 {
            let error = site.opened_within(LOCK, since_then(Utc::now()), LIMIT).await.unwrap_err();
            assert_eq!((error.cause, error.status), (Cause::Forbidden, Some(status)));
        }
    }
}

#[tokio::test]
async fn a_missing_answer_is_waited_for_within_the_limit() {
    let server = Server::start(|request| match request.path.ends_with("/entries") {
        true => Reply::NoAnswer,
        false => salto(request).unwrap(),
    })
    .await;
    let started = Instant::now();
    let limit = Duration::from_millis(300);
    let error = site(&server).opened_within(LOCK, since_then(Utc::now()), limit).await.unwrap_err();
    assert_eq!(error.cause, Cause::Unanswered);
    assert!(
        started.elapsed() < crate::http::salto_client::CALL_TIMEOUT,
        "the call's own limit is longer"
    );
}
