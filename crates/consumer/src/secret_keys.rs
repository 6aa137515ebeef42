//! `secrets.key` and `secrets.old_keys`, and what is derived from them.

use std::sync::Arc;

use publisher::HeaderKey;
use salto::seal::Sealer;
use secrecy::{ExposeSecret, SecretBox};

/// A key of 32 bytes.
pub type SecretKey = Arc<SecretBox<[u8; 32]>>;

/// The key that encrypts tokens, IQ secrets and PINs at rest and authenticates headers, and earlier ones.
#[derive(Debug, Clone)]
pub struct SecretKeys {
    /// Everything is written with this key.
    pub key: SecretKey,
    /// What was written with one of these keys is still read.
    pub old_keys: Vec<SecretKey>,
}

impl SecretKeys {
    /// Encrypts what is stored in Redis.
    #[must_use]
    pub fn sealer(&self) -> Arc<Sealer> {
        let old = self.old_keys.iter().map(|key| key.expose_secret());
        Arc::new(Sealer::new(self.key.expose_secret()).with_old_keys(old))
    }

    /// Authenticates headers that postern reads back.
    #[must_use]
    pub fn header_key(&self) -> Arc<HeaderKey> {
        let old = self.old_keys.iter().map(|key| key.expose_secret());
        Arc::new(HeaderKey::derive(self.key.expose_secret()).with_old(old))
    }
}
