//! Why a one-time password was rejected: a lock that was moved, a wrong clock, or the IQ itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio::task::JoinSet;

use super::server::{Reply, Request, Server};
use super::{
    IQ, LOCK, NotRenewed, account, client_with, environment, key, lock, permission, salto,
};
use crate::clock::SaltoClock;
use crate::{
    Cause, MemoryTokenCache, MovedLock, OpenError, PreparedLock, RejectionCause, SharedCorrections,
    Site,
};

const LIMIT: Duration = Duration::from_secs(5);
const OTHER_IQ: &str = "1q-2";

/// A Salto whose lock can be moved, whose clock can be wrong, and which accepts passwords for its own time and
/// the lock's own IQ alone.
#[derive(Default)]
struct Cloud {
    moved: AtomicBool,
    offset_s: AtomicI64,
    /// What `Age` says, where it says something.
    age: Mutex<Option<&'static str>>,
    rejects: AtomicBool,
    blocks: AtomicBool,
    list_fails: AtomicBool,
    rejected: AtomicUsize,
}

impl Cloud {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::seconds(self.offset_s.load(Ordering::SeqCst))
    }

    fn accepts(&self, body: &str) -> bool {
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let otp = body["otp"].as_str().unwrap();
        let mut valid = (-5..5).map(|second| key().otp(self.now() + TimeDelta::seconds(second)));
        let right = valid.any(|valid| valid.expose() == otp);
        right && !self.moved.load(Ordering::SeqCst) && !self.rejects.load(Ordering::SeqCst)
    }

    fn reply(&self, request: &Request) -> Reply {
        let is_command = request.path.ends_with("/locking") || request.path.ends_with("/pin");
        let reply = if is_command && self.blocks.load(Ordering::SeqCst) {
            Reply::json(403, &json!({"ErrorCode": "3102", "Message": "otp_blocked"}))
        } else if is_command && self.accepts(&request.body) {
            Reply::json(200, &json!({}))
        } else if is_command {
            self.rejected.fetch_add(1, Ordering::SeqCst);
            Reply::json(400, &json!({"ErrorCode": "3102", "Message": "otp_invalid"}))
        } else if request.path.ends_with("/locks") && self.list_fails.load(Ordering::SeqCst) {
            Reply::json(503, &json!({}))
        } else if request.path.ends_with("/locks") && self.moved.load(Ordering::SeqCst) {
            Reply::json(200, &json!([lock(LOCK, Some(OTHER_IQ))]))
        } else {
            salto(request).unwrap_or_else(|| Reply::json(200, &json!({})))
        };
        let Reply::Bytes(bytes) = reply else { panic!("an answer") };
        let date = self.now().to_rfc2822().replace("+0000", "GMT");
        let age = self.age.lock().unwrap().map(|age| format!("Age: {age}\r\n"));
        let headers = format!("\r\nDate: {date}\r\n{}", age.unwrap_or_default());
        Reply::Bytes(bytes.replacen("\r\n", &headers, 1))
    }
}

async fn cloud() -> (Arc<Cloud>, Server) {
    let cloud = Arc::<Cloud>::default();
    let answering = Arc::clone(&cloud);
    let server = Server::start(move |request| answering.reply(request)).await;
    (cloud, server)
}

fn site_with(server: &Server, clock: SaltoClock) -> Site {
    let client = client_with(environment(&server.url), clock);
    let cache = Arc::new(MemoryTokenCache::new());
    Site::with_time("acme", client, account(), cache, Arc::new(Utc::now))
}

fn site(server: &Server) -> Site {
    site_with(server, SaltoClock::new("acceptance"))
}

async fn open(site: &Site, prepared: &PreparedLock) -> Result<(), OpenError> {
    let soon = permission(Utc::now() + TimeDelta::seconds(30));
    site.open(prepared, &key(), soon, LIMIT, &mut NotRenewed).await
}

/// Opens, is rejected, and finds out why.
async fn rejected(site: &Site, prepared: &PreparedLock) -> (OpenError, RejectionCause) {
    let error = open(site, prepared).await.unwrap_err();
    site.explain_rejection(prepared, true, error).await
}

#[tokio::test]
async fn a_lock_that_was_moved_is_found_at_its_new_iq_and_reported_once() {
    let (cloud, server) = cloud().await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    cloud.moved.store(true, Ordering::SeqCst);
    let (error, cause) = rejected(&site, &prepared).await;
    assert_eq!(cause, RejectionCause::LockMoved(Some(OTHER_IQ.to_owned())));
    assert_eq!(error.cause, Cause::LockMoved);
    assert!(error.to_string().contains("belongs to IQ 1q-2 and no longer to IQ 1q-1"), "{error}");
    let moved = MovedLock { lock_id: LOCK, iq_id: Some(OTHER_IQ.to_owned()) };
    assert_eq!(site.take_moved_locks(), [moved]);
    assert_eq!(site.ready(LOCK).unwrap().iq_id, OTHER_IQ);
    site.locks().await.unwrap();
    assert_eq!(site.take_moved_locks(), []);
}

#[tokio::test]
async fn waiting_requests_share_one_reading_of_the_list() {
    let (cloud, server) = cloud().await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    cloud.moved.store(true, Ordering::SeqCst);
    let lists = server.count("/locks");
    let error = open(&site, &prepared).await.unwrap_err();
    let mut waiting = JoinSet::new();
    for _ in 0..8 {
        let (site, prepared, error) = (site.clone(), prepared.clone(), error.clone());
        waiting.spawn(async move { site.explain_rejection(&prepared, true, error).await });
    }
    for (_, cause) in waiting.join_all().await {
        assert!(matches!(cause, RejectionCause::LockMoved(Some(_))), "{cause:?}");
    }
    assert_eq!(server.count("/locks"), lists + 1);
}

#[tokio::test]
async fn what_another_replica_has_found_is_checked_before_the_next_command() {
    let (cloud, server) = cloud().await;
    let site = site(&server);
    site.prepare(LOCK).await.unwrap();
    cloud.moved.store(true, Ordering::SeqCst);
    let moved_locks = HashMap::from([(LOCK, OTHER_IQ.to_owned())]);
    let shared = SharedCorrections { moved_locks, clock: 0 };
    site.heed(&shared);
    assert!(site.ready(LOCK).is_none(), "its list says otherwise");
    assert_eq!(site.prepare(LOCK).await.unwrap().iq_id, OTHER_IQ);
    assert_eq!(site.take_moved_locks(), [], "the others know it");

    // What was shared may be older than this list: that is read again once, and then decides.
    cloud.moved.store(false, Ordering::SeqCst);
    assert_eq!(site.locks().await.unwrap().len(), 1);
    let back = MovedLock { lock_id: LOCK, iq_id: Some(IQ.to_owned()) };
    assert_eq!(site.take_moved_locks(), [back]);
    site.heed(&shared);
    assert!(site.ready(LOCK).is_none());
    assert_eq!(site.prepare(LOCK).await.unwrap().iq_id, IQ);
    let lists = server.count("/locks");
    assert_eq!(site.take_moved_locks().len(), 1, "the others are told");
    site.heed(&SharedCorrections { moved_locks: HashMap::from([(LOCK, IQ.to_owned())]), clock: 0 });
    assert!(site.ready(LOCK).is_some());
    assert_eq!(server.count("/locks"), lists);
}

#[tokio::test]
async fn a_wrong_clock_is_corrected_by_the_rejecting_answer_and_a_second_one() {
    let (cloud, server) = cloud().await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    cloud.offset_s.store(600, Ordering::SeqCst);
    let (error, cause) = rejected(&site, &prepared).await;
    assert_eq!((cause, error.cause), (RejectionCause::Clock, Cause::OtpMistimed));
    assert!(error.to_string().contains("s off"), "{error}");
    open(&site, &site.ready(LOCK).unwrap()).await.unwrap();
    assert_eq!(cloud.rejected.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn dates_from_a_cache_correct_no_clock() {
    let (cloud, server) = cloud().await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    cloud.rejects.store(true, Ordering::SeqCst);
    cloud.offset_s.store(-600, Ordering::SeqCst);
    *cloud.age.lock().unwrap() = Some("600");
    let (error, cause) = rejected(&site, &prepared).await;
    assert_eq!((cause, error.cause), (RejectionCause::Iq, Cause::OtpInvalid));
    assert!(site.ready(LOCK).is_some());
}

#[tokio::test]
async fn a_rejection_without_another_cause_is_about_the_iq() {
    let (cloud, server) = cloud().await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    cloud.rejects.store(true, Ordering::SeqCst);
    let lists = server.count("/locks");
    let (error, cause) = rejected(&site, &prepared).await;
    assert_eq!((cause, error.cause), (RejectionCause::Iq, Cause::OtpInvalid));
    assert_eq!(server.count("/locks"), lists + 1, "the list was read before");

    cloud.list_fails.store(true, Ordering::SeqCst);
    let (error, cause) = rejected(&site, &prepared).await;
    assert!(matches!(cause, RejectionCause::Unknown(_)), "{cause:?}");
    assert_eq!(error.cause, Cause::OtpInvalid);
    assert!(site.ready(LOCK).is_none(), "no command before the list is read");
    assert!(site.prepare(LOCK).await.is_err());
    let other = self::site(&server);
    cloud.list_fails.store(false, Ordering::SeqCst);
    other.prepare(LOCK).await.unwrap();
    let moved = site.take_moved_locks().into_iter();
    let moved_locks = moved.map(|it| (it.lock_id, it.iq_id.unwrap_or_default())).collect();
    other.heed(&SharedCorrections { moved_locks, ..SharedCorrections::default() });
    assert!(other.ready(LOCK).is_none(), "nor in another replica");
    for site in [&site, &other] {
        site.prepare(LOCK).await.unwrap();
        assert!(site.ready(LOCK).is_some());
    }
}

#[tokio::test]
async fn a_block_is_that_of_the_iq_that_the_lock_belongs_to() {
    let (cloud, server) = cloud().await;
    let site = site(&server);
    let prepared = site.prepare(LOCK).await.unwrap();
    cloud.blocks.store(true, Ordering::SeqCst);
    let (error, cause) = rejected(&site, &prepared).await;
    assert_eq!((cause, error.cause), (RejectionCause::Iq, Cause::OtpBlocked));
    cloud.moved.store(true, Ordering::SeqCst);
    let (error, cause) = rejected(&site, &prepared).await;
    assert_eq!(cause, RejectionCause::LockMoved(Some(OTHER_IQ.to_owned())));
    assert_eq!(error.cause, Cause::OtpBlocked);
}

#[tokio::test]
async fn a_probe_with_a_wrong_clock_says_so_and_the_next_one_is_right() {
    let (cloud, server) = cloud().await;
    let site = site(&server);
    site.locks().await.unwrap();
    cloud.offset_s.store(600, Ordering::SeqCst);
    let error = site.put_pin(IQ, &key(), "0000").await.unwrap_err();
    assert_eq!(error.cause, Cause::OtpMistimed);
    site.put_pin(IQ, &key(), "0000").await.unwrap();
    cloud.rejects.store(true, Ordering::SeqCst);
    let error = site.put_pin(IQ, &key(), "0000").await.unwrap_err();
    assert_eq!(error.cause, Cause::OtpInvalid);
}

#[tokio::test]
async fn a_clock_that_is_set_is_measured_before_the_next_command() {
    static STEP: AtomicI64 = AtomicI64::new(0);
    fn wall() -> DateTime<Utc> {
        Utc::now() + TimeDelta::seconds(STEP.load(Ordering::SeqCst))
    }
    let (cloud, server) = cloud().await;
    let site = site_with(&server, SaltoClock::with_wall_clock("acceptance", wall));
    let prepared = site.prepare(LOCK).await.unwrap();
    for step in [600, -600, 900] {
        STEP.store(step, Ordering::SeqCst);
        // A command that is on its way is not sent: its password would be wrong.
        let error = open(&site, &prepared).await.unwrap_err();
        assert_eq!((error.cause, error.written), (Cause::Withdrawn, false), "{step}");
        assert!(site.ready(LOCK).is_none(), "{step}");
        open(&site, &site.prepare(LOCK).await.unwrap()).await.unwrap();
        STEP.store(step + 600, Ordering::SeqCst);
        site.put_pin(IQ, &key(), "0000").await.unwrap();
    }
    assert_eq!(cloud.rejected.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_correction_by_another_replica_leads_to_one_measurement() {
    let (_, server) = cloud().await;
    let site = site(&server);
    site.prepare(LOCK).await.unwrap();
    let shared = SharedCorrections { clock: 1, ..SharedCorrections::default() };
    site.heed(&shared);
    assert!(site.ready(LOCK).is_none());
    site.prepare(LOCK).await.unwrap();
    site.heed(&shared);
    assert!(site.ready(LOCK).is_some());
}
