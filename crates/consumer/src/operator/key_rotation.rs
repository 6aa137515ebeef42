//! The rotation of `secrets.key`, as a command runs it.

use redis_pool::Pool;
use salto::{Rotation, RotationCounts, rotate};

use crate::{failpoint, secret_keys::SecretKeys};

/// Encrypts everything in Redis with the current key, below a prefix; or counts what would be encrypted anew.
///
/// # Errors
/// Redis failed. What was rotated until then stays so.
pub async fn rotate_secrets(
    pool: &Pool,
    key_prefix: &str,
    secrets: &SecretKeys,
    dry_run: bool,
) -> Result<Vec<RotationCounts>, salto::StoreError> {
    let sealer = secrets.sealer();
    let after_each = &|| failpoint::reach("secret-rotated");
    rotate(&Rotation { pool, key_prefix, sealer: &sealer, dry_run, after_each }).await
}
