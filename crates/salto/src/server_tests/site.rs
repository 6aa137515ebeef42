//! Sites, locks and IQs, over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::server::{Reply, Server};
use super::{IQ, LOCK, NotRenewed, SITE, account, key, lock, permission, process, salto, site};
use crate::{Account, Cause, MemoryTokenCache};

#[tokio::test]
async fn a_lock_on_a_later_page_is_found_and_then_ready_without_a_call() {
    let server = Server::start(|request| {
        let others = |from: u128| -> Vec<Value> {
            (from..from + 20).map(|id| lock(Uuid::from_u128(id), Some("other"))).collect()
        };
        match (request.path.ends_with("/locks"), request.query.as_str()) {
            (true, "") => Reply::json(
                200,
                &json!({"items": others(1), "next_page_link":
                    format!("/v1.2/sites/{SITE}/locks?$skip=20"), "count": 21}),
            ),
            (true, _) => Reply::json(
                200,
                &json!({"items": [lock(LOCK, Some(IQ))], "next_page_link": null, "count": 21}),
            ),
            (false, _) => salto(request).unwrap(),
        }
    })
    .await;
    let site = site(&server);
    assert!(site.ready(LOCK).is_none());
    let prepared = site.prepare(LOCK).await.unwrap();
    assert_eq!((prepared.iq_id.as_str(), prepared.site_id.to_string()), (IQ, SITE.to_owned()));
    let calls = server.count("");
    assert_eq!(site.ready(LOCK).unwrap().iq_id, IQ);
    assert_eq!(site.prepare(LOCK).await.unwrap().iq_id, IQ);
    assert_eq!(server.count(""), calls);
}

#[tokio::test]
async fn thousands_of_locks_in_one_answer_are_read() {
    let many: Vec<Value> = (1..=5_000).map(|id| lock(Uuid::from_u128(id), Some("other"))).collect();
    let mut many = json!(many);
    for it in many.as_array_mut().unwrap() {
        it["details"] = json!("as long as a lock of Salto ".repeat(20));
    }
    many.as_array_mut().unwrap().push(lock(LOCK, Some(IQ)));
    assert!(many.to_string().len() > 3 << 20);
    let server = Server::start(move |request| match request.path.ends_with("/locks") {
        true => Reply::json(200, &many),
        false => salto(request).unwrap(),
    })
    .await;
    assert_eq!(site(&server).prepare(LOCK).await.unwrap().iq_id, IQ);
}

#[tokio::test]
async fn an_unknown_lock_refreshes_the_list_but_not_at_every_request() {
    let server = Server::start(|request| salto(request).unwrap()).await;
    let site = site(&server);
    for _ in 0..5 {
        let error = site.prepare(Uuid::nil()).await.unwrap_err();
        assert_eq!((error.cause, error.retry_after), (Cause::LockNotFound, None));
    }
    assert_eq!(server.count("/locks"), 1);
    assert!(site.prepare(LOCK).await.is_ok());
}

#[tokio::test]
async fn an_unknown_site_is_an_error_and_not_searched_at_every_request() {
    let server = Server::start(|request| salto(request).unwrap()).await;
    let account = Account { site_uid: "NL1".into(), ..account() };
    let cache = Arc::new(MemoryTokenCache::new());
    let site = process(&server.url, account, cache, Arc::new(Utc::now));
    for _ in 0..3 {
        assert_eq!(site.prepare(LOCK).await.unwrap_err().cause, Cause::SiteNotFound);
    }
    assert_eq!(server.count("/sites"), 1);
}

#[tokio::test]
async fn a_lock_without_an_iq_cannot_be_opened() {
    let server = Server::start(|request| {
        if request.path.ends_with("/locks") {
            return Reply::json(200, &json!([lock(LOCK, None)]));
        }
        salto(request).unwrap()
    })
    .await;
    let site = site(&server);
    let error = site.prepare(LOCK).await.unwrap_err();
    assert_eq!(error.cause, Cause::LockNotFound);
    assert!(error.to_string().contains("no IQ"), "{error}");
    assert!(site.ready(LOCK).is_none());
}

#[tokio::test]
async fn a_lock_that_salto_does_not_find_is_removed_from_the_list() {
    let server = Server::start(|request| {
        salto(request).unwrap_or_else(|| {
            Reply::json(404, &json!({"ErrorCode": 2202, "Message": "Lock not found"}))
        })
    })
    .await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    let send_before = Utc::now() + TimeDelta::seconds(30);
    let opened = site
        .open(&prepared, &key(), permission(send_before), Duration::from_secs(5), &mut NotRenewed)
        .await;
    assert_eq!(opened.unwrap_err().cause, Cause::LockNotFound);
    assert!(site.ready(LOCK).is_none());
}

#[tokio::test]
async fn privacy_mode_is_that_of_a_list_that_is_read_after_a_refusal_and_not_at_each_one() {
    let lists_read = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        if request.path.ends_with("/locks") {
            let mut private = lock(LOCK, Some(IQ));
            private["privacy_mode"] = json!(lists_read.fetch_add(1, Ordering::SeqCst) > 0);
            return Reply::json(200, &json!([private, lock(Uuid::from_u128(7), Some(IQ))]));
        }
        salto(request).unwrap()
    })
    .await;
    let site = site(&server);
    site.prepare(LOCK).await.unwrap();
    for _ in 0..3 {
        assert_eq!(site.privacy_mode(LOCK).await, Ok(true));
        assert_eq!(site.privacy_mode(Uuid::from_u128(7)).await, Ok(false));
        assert_eq!(site.privacy_mode(Uuid::nil()).await, Ok(false));
    }
    assert_eq!(server.count("/locks"), 2);
}

#[tokio::test]
async fn one_empty_list_of_locks_closes_no_door_and_an_unknown_lock_is_removed_all_the_same() {
    let empty = Arc::new(AtomicBool::new(false));
    let answers_empty = Arc::clone(&empty);
    let server = Server::start(move |request| {
        if request.path.ends_with("/locks") && answers_empty.load(Ordering::SeqCst) {
            return Reply::json(200, &json!([]));
        }
        salto(request).unwrap_or_else(|| {
            Reply::json(404, &json!({"ErrorCode": 2202, "Message": "Lock not found"}))
        })
    })
    .await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    empty.store(true, Ordering::SeqCst);
    assert!(site.locks().await.unwrap().is_empty());
    assert!(site.ready(LOCK).is_some(), "the lock is still known");
    for _ in 0..3 {
        assert_eq!(site.prepare(Uuid::nil()).await.unwrap_err().cause, Cause::LockNotFound);
    }
    assert_eq!(
        server.count("/locks"),
        2,
        "an unknown lock does not read the list at every request"
    );
    let permission = permission(Utc::now() + TimeDelta::seconds(30));
    let limit = Duration::from_secs(5);
    let opened = site.open(&prepared, &key(), permission, limit, &mut NotRenewed).await;
    assert_eq!(opened.unwrap_err().cause, Cause::LockNotFound);
    assert!(site.ready(LOCK).is_none());
}

#[tokio::test]
async fn a_token_revoked_between_two_calls_is_replaced_within_the_call() {
    let revoked = Arc::new(AtomicBool::new(false));
    let server = Server::start(move |request| {
        if request.path.ends_with("/iqs") && !revoked.swap(true, Ordering::SeqCst) {
            return Reply::with(401, "", "");
        }
        if request.path.ends_with("/iqs") {
            let iq = json!({"id": IQ, "restore_required": true, "otp_enabled": null});
            return Reply::json(200, &json!({"items": [iq], "next_page_link": null}));
        }
        salto(request).unwrap()
    })
    .await;
    let iqs = site(&server).iqs().await.unwrap();
    assert_eq!((iqs[0].id.as_str(), iqs[0].restore_required), (IQ, Some(true)));
    assert_eq!(server.count("/connect/token"), 2);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_an_error() {
    let server = Server::start(|request| {
        if request.path.ends_with("/sites") {
            return Reply::with(200, "", &format!("[{}]", " ".repeat(5 << 20)));
        }
        salto(request).unwrap()
    })
    .await;
    assert_eq!(site(&server).sites().await.unwrap_err().cause, Cause::Unavailable);
}
