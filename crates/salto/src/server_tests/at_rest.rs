//! What is stored in Redis: encrypted, bound to its location, under the right key.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use deadpool_redis::redis::cmd;
use uuid::Uuid;

use super::redis::Redis;
use crate::activation::activations_key;
use crate::redis::seal::Sealer;
use crate::token::TokenCache;
use crate::{
    Activation, ActivationState, ActivationStore, ClockStore, KeyCheckError, Login,
    RedisTokenCache, SaltoClock, StoreError, Token, TokenRecord, TokenState, check_key,
};

fn token() -> TokenRecord {
    let token = Token {
        id: Uuid::new_v4(),
        access: "access-hush".into(),
        refresh: Some("refresh-hush".into()),
        obtained_at: Utc::now(),
        expires_at: Utc::now() + TimeDelta::hours(1),
        rejections: 0,
    };
    let login = Login { refresh: "login-hush".into(), client: "c".into() };
    TokenRecord { fingerprint: "f".into(), state: TokenState::Granted(token), login: Some(login) }
}

fn activation() -> Activation {
    Activation {
        state: ActivationState::Activated,
        secret: "secret-hush".into(),
        pin: Some("0601".into()),
        pin_requested: true,
        pin_refused: false,
        new_pin: None,
        changed_at: Utc::now(),
    }
}

#[tokio::test]
async fn no_secret_is_stored_unencrypted_and_moved_values_are_not_unsealed() {
    let redis = Redis::start().await;
    let (pool, prefix) = (redis.pool(), redis.prefix.as_str());
    let sealer = Arc::new(Sealer::new(&[1; 32]));
    let tokens = RedisTokenCache::new(pool.clone(), prefix, Arc::clone(&sealer));
    let owner = Uuid::new_v4();
    tokens.lease("a", owner, std::time::Duration::from_secs(9)).await.unwrap();
    assert!(tokens.store("a", owner, &token()).await.unwrap());
    let activations = ActivationStore::new(pool.clone(), prefix, Arc::clone(&sealer));
    activations.replace("a", "iq-1", None, &activation()).await.unwrap().unwrap();

    let mut connection = pool.get().await.unwrap();
    let (from, to) = (format!("{prefix}token:a"), format!("{prefix}token:b"));
    let sealed: Vec<u8> = cmd("GET").arg(&from).query_async(&mut *connection).await.unwrap();
    let left: i64 = cmd("PTTL").arg(&from).query_async(&mut *connection).await.unwrap();
    assert!(left > 0, "a token record expires");
    cmd("SET").arg(&to).arg(&sealed).query_async::<()>(&mut *connection).await.unwrap();
    assert!(tokens.read("a").await.unwrap().is_some());
    assert!(tokens.read("b").await.unwrap().is_none());

    let (from, to) = (activations_key(prefix, "a"), activations_key(prefix, "b"));
    let record: Vec<u8> =
        cmd("HGET").arg(&from).arg("iq-1").query_async(&mut *connection).await.unwrap();
    for (key, iq) in [(&from, "iq-2"), (&to, "iq-1")] {
        let mut set = cmd("HSET");
        set.arg(key).arg(iq).arg(&record).query_async::<()>(&mut *connection).await.unwrap();
    }
    assert!(activations.get("a", "iq-1").await.unwrap().is_some());
    let moved = [activations.get("a", "iq-2").await, activations.get("b", "iq-1").await];
    for result in moved {
        assert!(matches!(result, Err(StoreError::Unreadable(_))));
    }
    for secret in ["hush", "0601", "pending", "access"] {
        for stored in [&sealed, &record] {
            assert!(!stored.windows(secret.len()).any(|part| part == secret.as_bytes()));
        }
    }
}

#[tokio::test]
async fn a_wrong_key_is_found_at_start() {
    let redis = Redis::start().await;
    let (right, wrong) = (Sealer::new(&[1; 32]), Sealer::new(&[2; 32]));
    for _ in 0..2 {
        assert_eq!(check_key(&redis.pool(), &redis.prefix, &right).await, Ok(()));
    }
    let checked = check_key(&redis.pool(), &redis.prefix, &wrong).await;
    assert_eq!(checked, Err(KeyCheckError::WrongKey));
    assert_eq!(check_key(&redis.pool(), "another:", &wrong).await, Ok(()));
}

#[tokio::test]
async fn the_clock_offset_is_stored_per_environment() {
    let redis = Redis::start().await;
    let store = ClockStore::new(redis.pool(), &redis.prefix);
    let clock = SaltoClock::new("acceptance");
    store.load(&clock).await.unwrap();
    assert_eq!(clock.offset(), TimeDelta::zero());
    clock.set(TimeDelta::milliseconds(-90_250));
    store.store(&clock).await.unwrap();
    let (again, other) = (SaltoClock::new("acceptance"), SaltoClock::new("production"));
    store.load(&again).await.unwrap();
    store.load(&other).await.unwrap();
    assert_eq!(again.offset(), TimeDelta::milliseconds(-90_250));
    assert_eq!(other.offset(), TimeDelta::zero());
}

#[test]
fn debug_output_shows_no_secret() {
    let shown = format!("{:?} {:?}", token(), activation());
    assert!(!shown.contains("hush") && !shown.contains("0601"), "{shown}");
}
