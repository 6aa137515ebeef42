//! The rotation of `secrets.key`, as a command runs it.

use redis_pool::Pool;
use salto::{Rotation, RotationCounts, rotate};

use crate::{failpoint, secret_keys::SecretKeys, state::keys::Keys};

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
    // Below no prefix, the key is its name.
    let passwords = &Keys::new("").integration_passwords();
    rotate(&Rotation { pool, key_prefix, passwords, sealer: &sealer, dry_run, after_each }).await
}
