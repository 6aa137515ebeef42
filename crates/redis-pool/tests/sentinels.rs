//! A pool over private servers with sentinels.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use deadpool_redis::redis::{RedisResult, cmd};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::redis::connect;
use end_to_end::redis_sentinels::{MASTER, PASSWORD, PrivateSentinels, SENTINEL_PASSWORD};
use redis_pool::{
    AwaitedReplicas, Connection, Pool, RedisServer, SentinelAddress, SentinelSettings,
    ask_sentinels,
};

fn settings(sentinels: &PrivateSentinels) -> SentinelSettings {
    let address = |port| SentinelAddress { host: "127.0.0.1".to_owned(), port };
    SentinelSettings {
        addresses: sentinels.sentinel_ports().map(address).to_vec(),
        master: MASTER.to_owned(),
        tls: false,
        database: 0,
        username: None,
        password: Some(PASSWORD.into()),
        sentinel_password: Some(SENTINEL_PASSWORD.into()),
    }
}

fn awaited(count: u16) -> AwaitedReplicas {
    AwaitedReplicas { count, key: "replication".to_owned() }
}

fn pool(settings: SentinelSettings) -> Pool {
    redis_pool::pool(&RedisServer::Sentinels(settings), awaited(0), "postern:test".to_owned())
        .unwrap()
}

async fn set(connection: &mut Connection) -> RedisResult<()> {
    cmd("SET").arg("key").arg("value").query_async(&mut **connection).await
}

async fn replica_of(sentinels: &PrivateSentinels, server: usize, master: [&str; 2]) {
    let mut connection = connect(&sentinels.url(server)).await;
    let mut command = cmd("REPLICAOF");
    let changed = command.arg(&master[..]).query_async::<()>(&mut connection).await;
    changed.expect("the role is changed");
}

#[tokio::test]
async fn a_connection_to_a_master_that_became_a_replica_is_not_used_again() {
    let sentinels = PrivateSentinels::start().await;
    let pool = pool(settings(&sentinels));
    let mut connection = pool.get().await.unwrap();
    set(&mut connection).await.unwrap();
    assert!(awaited(2).have_all(&mut connection).await.unwrap());
    drop(connection);

    // Unlike a sentinel, this leaves the connections of clients open.
    let other = sentinels.url(1);
    let port = other.rsplit(':').next().and_then(|it| it.split('/').next()).unwrap();
    replica_of(&sentinels, 0, ["127.0.0.1", port]).await;
    let refused = pool.get().await;
    assert!(refused.is_err(), "a replica's connection was given out");
    replica_of(&sentinels, 0, ["NO", "ONE"]).await;
    set(&mut pool.get().await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn the_time_to_wait_for_replicas_is_bounded() {
    let sentinels = PrivateSentinels::start().await;
    let pool = pool(settings(&sentinels));
    let mut connection = pool.get().await.unwrap();
    [1, 2].into_iter().for_each(|replica| sentinels.freeze(replica));
    set(&mut connection).await.unwrap();
    let one = awaited(1);
    let waited = tokio::time::timeout(Duration::from_secs(2), one.have_all(&mut connection));
    assert!(!waited.await.unwrap().unwrap());
    // Over a connection that has written nothing, as of another worker.
    assert!(!one.have_all(&mut pool.get().await.unwrap()).await.unwrap());
    sentinels.resume(2);
    until_true("a replica to have it", SOON, || async {
        one.have_all(&mut pool.get().await.unwrap()).await.unwrap()
    })
    .await;
    sentinels.resume(1);
}

#[tokio::test]
async fn sentinels_are_asked_one_by_one_and_a_wrong_name_or_password_is_an_error_without_it() {
    let mut sentinels = PrivateSentinels::start().await;
    sentinels.kill_sentinel(1).await;
    let mut settings = settings(&sentinels);
    let answers = ask_sentinels(&settings).await;
    let known: Vec<_> = answers.iter().map(|it| it.master.as_ref().ok()).collect();
    let [Some(first), None, Some(third)] = known[..] else { panic!("{answers:?}") };
    assert_eq!(first, third);
    assert_eq!((first.is_up, first.sentinels, first.quorum), (true, 3, 2));
    assert!(pool(settings.clone()).get().await.is_ok());

    settings.master = "another".to_owned();
    let error = pool(settings.clone()).get().await;
    let error = error.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("\"another\""), "{error}");
    settings.sentinel_password = Some("wr0ng".into());
    settings.password = Some("wr0ng".into());
    let error = pool(settings).get().await;
    let error = error.err().map(|error| format!("{error} {error:?}")).unwrap_or_default();
    assert!(!error.is_empty() && !error.contains("wr0ng"), "{error}");
}
