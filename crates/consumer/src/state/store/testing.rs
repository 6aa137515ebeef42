//! A real Redis for tests, with a key prefix of their own.

use std::sync::Arc;

use redis_pool::RedisServer;
use uuid::Uuid;

use super::Store;
use crate::settings::RedisSettings;

/// The Redis of `POSTERN_REDIS_URL`, and a prefix that no other test uses.
pub(crate) fn redis() -> (Arc<Store>, String) {
    let url = std::env::var("POSTERN_REDIS_URL")
        .expect("POSTERN_REDIS_URL names no Redis: run the tests through `make test`");
    let key_prefix = format!("test:{}:", Uuid::new_v4());
    (Arc::new(store(url, &key_prefix)), key_prefix)
}

/// The Redis at that URL.
pub(crate) fn store(url: String, key_prefix: &str) -> Store {
    let (server, key_prefix) = (RedisServer::Url(url.into()), key_prefix.to_owned());
    Store::new(&RedisSettings { server, wait_for_replicas: 0, key_prefix }).unwrap()
}
