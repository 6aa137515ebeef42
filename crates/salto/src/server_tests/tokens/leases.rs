//! The lease on a token.

use std::time::Duration;

use uuid::Uuid;

use super::super::token_cache::{LosesReplies, SharedCache, TestClock, for_every_cache};
use super::{NumberingSalto, Server, account, open, process, rejection};

for_every_cache!(
    a_lease_has_one_holder_and_ends_by_itself,
    only_the_holder_of_the_lease_stores,
    a_dead_holder_is_waited_for_until_its_lease_ends,
    calls_can_be_repeated_by_their_owner,
    calls_whose_replies_are_lost_hold_no_token_request_up,
);

async fn a_lease_has_one_holder_and_ends_by_itself(shared: SharedCache) {
    let (a, b) = (shared.cache(), shared.cache());
    let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(a.lease("i", one, Duration::from_secs(60)).await.unwrap());
    assert!(!b.lease("i", two, Duration::from_secs(60)).await.unwrap());
    assert!(b.lease("j", two, Duration::from_secs(60)).await.unwrap(), "another integration");
    b.release("i", two).await.unwrap();
    assert!(!b.lease("i", two, Duration::from_secs(60)).await.unwrap(), "not its to release");
    a.release("i", one).await.unwrap();
    assert!(b.lease("i", two, Duration::from_millis(50)).await.unwrap());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while !a.lease("i", one, Duration::from_secs(60)).await.unwrap() {
        assert!(tokio::time::Instant::now() < deadline, "a lease that never ends");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn only_the_holder_of_the_lease_stores(shared: SharedCache) {
    let (cache, other) = (shared.cache(), shared.cache());
    let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(cache.lease("i", one, Duration::from_secs(60)).await.unwrap());
    assert!(!other.store("i", two, &rejection()).await.unwrap());
    assert!(cache.read("i").await.unwrap().is_none());
    assert!(cache.store("i", one, &rejection()).await.unwrap());
    assert!(other.read("i").await.unwrap().is_some());
    assert!(other.read("j").await.unwrap().is_none());
    assert!(other.lease("i", two, Duration::from_secs(60)).await.unwrap(), "released");
}

async fn a_dead_holder_is_waited_for_until_its_lease_ends(shared: SharedCache) {
    let salto = NumberingSalto::default();
    let server = Server::start(move |request| salto.answer(request)).await;
    let site = process(&server.url, account(), shared.cache(), TestClock::new().now());
    let (dead, lease) = (shared.cache(), Duration::from_millis(300));
    let started = tokio::time::Instant::now();
    assert!(dead.lease("acme", Uuid::new_v4(), lease).await.unwrap());
    assert_eq!(open(&site).await, Ok(()));
    // Redis counts whole milliseconds.
    assert!(started.elapsed() >= lease - Duration::from_millis(5), "the lease was ignored");
}

async fn calls_can_be_repeated_by_their_owner(shared: SharedCache) {
    let cache = shared.cache();
    let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
    for _ in 0..2 {
        assert!(cache.lease("i", one, Duration::from_secs(60)).await.unwrap());
        assert!(!cache.lease("i", two, Duration::from_secs(60)).await.unwrap());
    }
    let record = rejection();
    for _ in 0..2 {
        assert!(cache.store("i", one, &record).await.unwrap(), "it is stored");
    }
    assert!(cache.lease("i", two, Duration::from_secs(60)).await.unwrap(), "released by storing");
    for _ in 0..2 {
        cache.release("i", one).await.unwrap();
        assert!(!cache.lease("i", one, Duration::from_secs(60)).await.unwrap(), "not its own");
    }
}

/// Replies are lost for a moment, and for longer than a call is repeated.
async fn calls_whose_replies_are_lost_hold_no_token_request_up(shared: SharedCache) {
    for lost in [1, 8] {
        let salto = NumberingSalto::default();
        let server = Server::start(move |request| salto.answer(request)).await;
        let cache = LosesReplies::of(shared.cache(), lost);
        let site = process(&server.url, account(), cache, TestClock::new().now());
        let limit = Duration::from_secs(5);
        let opened = tokio::time::timeout(limit, async { while open(&site).await.is_err() {} });
        assert!(opened.await.is_ok(), "the lease blocks its own owner");
        assert_eq!(server.count("/connect/token"), 1);
        let other = process(&server.url, account(), shared.cache(), TestClock::new().now());
        assert_eq!(open(&other).await, Ok(()));
        assert_eq!(server.count("/connect/token"), 1, "the token is shared");
    }
}
