//! The rotation of the key that values in Redis are sealed with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use deadpool_redis::redis::cmd;
use redis_pool::{AwaitedReplicas, RedisServer};

use super::redis::Redis;
use crate::activation::activations_key;
use crate::redis::seal::Sealer;
use crate::redis::sealed_place::Place;
use crate::{KeyCheckError, Rotation, RotationCounts, SealedKind, StoreError, check_key, rotate};

const OLD: [u8; 32] = [1; 32];
const NEW: [u8; 32] = [2; 32];
const PASSWORDS: &str = "integration-passwords";

fn both() -> Sealer {
    Sealer::new(&NEW).with_old_keys([&OLD])
}

async fn write(redis: &Redis, command: &str, arguments: &[&[u8]]) {
    let mut connection = redis.pool().get().await.unwrap();
    let mut write = cmd(command);
    write.arg(arguments);
    write.query_async::<()>(&mut *connection).await.unwrap();
}

/// Stores activations, passwords, tokens that expire, and the key check, all sealed with the old key.
async fn store(redis: &Redis, count: u32) {
    let old = Sealer::new(&OLD);
    check_key(&redis.pool(), &redis.prefix, &old).await.unwrap();
    for number in 0..count {
        let key = format!("{}token:i{number}", redis.prefix);
        let sealed = old.seal(&key, format!("token {number}").as_bytes());
        write(redis, "SET", &[key.as_bytes(), &sealed, b"PX", b"600000"]).await;
        let (key, iq) = (activations_key(&redis.prefix, "acme"), format!("iq-{number}"));
        let sealed = old.seal(&format!("{key}\0{iq}"), format!("pin {number}").as_bytes());
        write(redis, "HSET", &[key.as_bytes(), iq.as_bytes(), &sealed]).await;
        let (key, id) = (format!("{}{PASSWORDS}", redis.prefix), format!("i{number}"));
        let sealed = old.seal(&format!("{key}\0{id}"), format!("password {number}").as_bytes());
        write(redis, "HSET", &[key.as_bytes(), id.as_bytes(), &sealed]).await;
    }
}

/// The plain texts by location, as far as the sealer can read them.
async fn readable(redis: &Redis, sealer: &Sealer) -> BTreeMap<String, String> {
    let mut connection = redis.pool().get().await.unwrap();
    let pattern = format!("{}*", redis.prefix);
    let keys: Vec<String> = cmd("KEYS").arg(pattern).query_async(&mut *connection).await.unwrap();
    let mut values = Vec::new();
    for key in keys {
        if key.contains("activations:") || key.ends_with(PASSWORDS) {
            let fields: BTreeMap<String, Vec<u8>> =
                cmd("HGETALL").arg(&key).query_async(&mut *connection).await.unwrap();
            values.extend(fields.into_iter().map(|(iq, it)| (format!("{key}\0{iq}"), it)));
        } else {
            let value = cmd("GET").arg(&key).query_async(&mut *connection).await.unwrap();
            values.push((key, value));
        }
    }
    let plain = |(at, sealed): (String, Vec<u8>)| {
        let plain = sealer.unseal(&at, &sealed).ok()?;
        Some((at, String::from_utf8_lossy(&plain).into_owned()))
    };
    values.into_iter().filter_map(plain).collect()
}

async fn run(redis: &Redis, sealer: &Sealer, dry_run: bool) -> Vec<RotationCounts> {
    let (pool, key_prefix) = (redis.pool(), redis.prefix.as_str());
    let after_each = &|| {};
    let rotation =
        Rotation { pool: &pool, key_prefix, passwords: PASSWORDS, sealer, dry_run, after_each };
    rotate(&rotation).await.unwrap()
}

fn numbers(counts: &[RotationCounts]) -> Vec<(SealedKind, u64, u64)> {
    counts.iter().map(|it| (it.kind, it.rotated, it.current)).collect()
}

#[tokio::test]
async fn everything_is_sealed_with_the_new_key_once() {
    let redis = Redis::start().await;
    store(&redis, 3).await;
    let before = readable(&redis, &Sealer::new(&OLD)).await;
    assert_eq!(before.len(), 10);
    let all = |rotated: bool| {
        let pair = |count| if rotated { (count, 0) } else { (0, count) };
        let counts = [
            (SealedKind::Activation, 3),
            (SealedKind::Token, 3),
            (SealedKind::Password, 3),
            (SealedKind::KeyCheck, 1),
        ];
        counts.map(|(kind, count)| (kind, pair(count).0, pair(count).1)).to_vec()
    };
    assert_eq!(numbers(&run(&redis, &both(), true).await), all(true), "dry run");
    assert_eq!(readable(&redis, &Sealer::new(&OLD)).await, before, "a dry run changes nothing");
    assert_eq!(numbers(&run(&redis, &both(), false).await), all(true));
    assert_eq!(readable(&redis, &Sealer::new(&NEW)).await, before);
    assert_eq!(readable(&redis, &Sealer::new(&OLD)).await.len(), 0);
    assert_eq!(numbers(&run(&redis, &both(), false).await), all(false), "nothing is left to do");
    let (pool, prefix) = (redis.pool(), redis.prefix.as_str());
    assert_eq!(check_key(&pool, prefix, &Sealer::new(&NEW)).await, Ok(()));
    let old = check_key(&pool, prefix, &Sealer::new(&OLD)).await;
    assert_eq!(old, Err(KeyCheckError::WrongKey));
    let mut connection = pool.get().await.unwrap();
    let mut left = cmd("PTTL");
    let left: i64 =
        left.arg(format!("{prefix}token:i1")).query_async(&mut *connection).await.unwrap();
    assert!((1..=600_000).contains(&left), "a token still expires: {left}");
}

#[tokio::test]
async fn an_interrupted_rotation_is_completed_by_the_next() {
    let redis = Redis::start().await;
    store(&redis, 20).await;
    let before = readable(&redis, &Sealer::new(&OLD)).await;
    let (pool, prefix) = (redis.pool(), redis.prefix.clone());
    let (sent, mut reached) = tokio::sync::mpsc::unbounded_channel();
    let interrupted = tokio::spawn(async move {
        let done = AtomicU32::new(0);
        let after_each = || {
            let _ = sent.send(done.fetch_add(1, Ordering::Relaxed) + 1);
        };
        let rotation = Rotation {
            pool: &pool,
            key_prefix: &prefix,
            passwords: PASSWORDS,
            sealer: &both(),
            dry_run: false,
            after_each: &after_each,
        };
        rotate(&rotation).await
    });
    while reached.recv().await.unwrap() < 7 {}
    interrupted.abort();
    assert!(interrupted.await.unwrap_err().is_cancelled());
    let half = readable(&redis, &Sealer::new(&NEW)).await.len();
    assert!((7..60).contains(&half), "{half}");
    assert_eq!(readable(&redis, &both()).await, before);
    let (pool, prefix) = (redis.pool(), redis.prefix.as_str());
    let early = check_key(&pool, prefix, &Sealer::new(&NEW)).await;
    assert_eq!(early, Err(KeyCheckError::WrongKey), "the old key is still necessary");
    let counts = run(&redis, &both(), false).await;
    let rotated: u64 = counts.iter().map(|it| it.rotated).sum();
    assert_eq!(usize::try_from(rotated).unwrap(), before.len() - half);
    assert_eq!(readable(&redis, &Sealer::new(&NEW)).await, before);
}

#[tokio::test]
async fn what_changed_meanwhile_is_not_overwritten() {
    let redis = Redis::start().await;
    store(&redis, 2).await;
    let pool = redis.pool();
    let (key, sealer) = (format!("{}token:i1", redis.prefix), both());
    let place = Place { key: key.clone(), field: None };
    let mut connection = pool.get().await.unwrap();
    let read: Vec<u8> = cmd("GET").arg(&key).query_async(&mut *connection).await.unwrap();
    let newer = Sealer::new(&OLD).seal(&key, b"a newer token");
    write(&redis, "SET", &[key.as_bytes(), &newer]).await;
    let anew = sealer.reseal(&key, &read).unwrap().unwrap();
    assert_eq!(place.replace(&pool, &read, &anew).await, Ok(false));
    assert_eq!(readable(&redis, &sealer).await[&key], "a newer token");
    run(&redis, &sealer, false).await;
    assert_eq!(readable(&redis, &Sealer::new(&NEW)).await[&key], "a newer token");
}

#[tokio::test]
async fn values_of_an_unknown_key_are_named_and_stay() {
    let redis = Redis::start().await;
    store(&redis, 1).await;
    let (key, list) = (format!("{}token:lost", redis.prefix), format!("{}token:z", redis.prefix));
    let lost = Sealer::new(&[9; 32]).seal(&key, b"x");
    write(&redis, "SET", &[key.as_bytes(), &lost]).await;
    write(&redis, "RPUSH", &[list.as_bytes(), b"x"]).await;
    let counts = run(&redis, &both(), false).await;
    let unreadable: Vec<_> = counts.iter().flat_map(|it| it.unreadable.clone()).collect();
    assert_eq!(unreadable, [list, key.clone()]);
    assert!(!counts[1].is_complete() && counts[0].is_complete());
    let mut connection = redis.pool().get().await.unwrap();
    let now: Vec<u8> = cmd("GET").arg(&key).query_async(&mut *connection).await.unwrap();
    assert_eq!(now, lost);
}

#[tokio::test]
async fn without_redis_the_rotation_fails() {
    let server = RedisServer::Url("redis://127.0.0.1:1".into());
    let replicas = AwaitedReplicas { count: 0, key: String::new() };
    let pool = redis_pool::pool(&server, replicas, "postern:test".to_owned()).unwrap();
    let sealer = Arc::new(both());
    let rotation = Rotation {
        pool: &pool,
        key_prefix: "p:",
        passwords: PASSWORDS,
        sealer: &sealer,
        dry_run: false,
        after_each: &|| {},
    };
    assert!(matches!(rotate(&rotation).await, Err(StoreError::Redis(_))));
}
