//! The check at start that `secrets.key` is the key that the values in Redis were sealed with.

use deadpool_redis::redis::cmd;
use redis_pool::Pool;

use super::query::{self, StoreError};
use super::seal::Sealer;

const MARKER: &[u8] = b"postern";

/// The key is another one, or could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyCheckError {
    /// Redis holds values sealed with another key.
    #[error(
        "secrets.key is not the key that the secrets in Redis were encrypted with, nor is one of \
         secrets.old_keys; give the old key, or use an empty Redis or another redis.key_prefix and activate the IQs anew"
    )]
    WrongKey,
    /// Redis failed.
    #[error(transparent)]
    Redis(StoreError),
}

/// The Redis key of the marker.
pub(super) fn marker_key(key_prefix: &str) -> String {
    format!("{key_prefix}key-check")
}

/// Checks the key, and old ones, against a sealed marker in Redis, which the first check stores there.
///
/// # Errors
/// [`KeyCheckError::WrongKey`] where the marker was sealed with none of the keys; or Redis failed.
pub async fn check_key(
    pool: &Pool,
    key_prefix: &str,
    sealer: &Sealer,
) -> Result<(), KeyCheckError> {
    let key = marker_key(key_prefix);
    let mut set = cmd("SET");
    set.arg(&key).arg(sealer.seal(&key, MARKER)).arg("NX");
    let mut get = cmd("GET");
    get.arg(&key);
    // An earlier marker stays; the first one is read.
    query::query::<Option<String>>(pool, &set).await.map_err(KeyCheckError::Redis)?;
    let marker: Vec<u8> = query::query(pool, &get).await.map_err(KeyCheckError::Redis)?;
    match sealer.unseal(&key, &marker) {
        Ok(plain) if plain.as_slice() == MARKER => Ok(()),
        Ok(_) | Err(_) => Err(KeyCheckError::WrongKey),
    }
}
