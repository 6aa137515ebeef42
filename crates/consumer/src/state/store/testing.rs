//! A real Redis for tests, with a key prefix of their own.

use std::sync::Arc;

use uuid::Uuid;

use super::Store;
use crate::settings::RedisSettings;

/// The Redis of `POSTERN_REDIS_URL`, and a prefix that no other test uses.
pub(crate) fn redis() -> (Arc<Store>, String) {
    let url = std::env::var("POSTERN_REDIS_URL")
        .expect("POSTERN_REDIS_URL names no Redis: run the tests through `make test`");
    let key_prefix = format!("test:{}:", Uuid::new_v4());
    let settings = RedisSettings { url: url.into(), key_prefix: key_prefix.clone() };
    (Arc::new(Store::new(&settings).unwrap()), key_prefix)
}
