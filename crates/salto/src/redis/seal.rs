//! Encryption at rest: every secret in Redis is encrypted (sealed) and bound to its key
//! (`docs/contract.md`, invariant 6).

use std::fmt;

use chacha20poly1305::aead::{Aead, Generate, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// The first byte of every sealed value names the algorithm, so that another one can follow.
const VERSION: u8 = 1;
const NONCE_LEN: usize = 24;

/// Encrypts and decrypts with XChaCha20-Poly1305 under one key. The location (the whole Redis key, and
/// the field in a hash) is authenticated with it: a value that was moved cannot be decrypted.
pub struct Sealer(XChaCha20Poly1305);

/// A sealed value cannot be decrypted: it was sealed with another key or for another location, or is
/// damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value cannot be decrypted: it belongs to another key or location, or is damaged")]
pub struct SealError;

impl Sealer {
    /// A sealer with a key of 32 random bytes.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Version, nonce and ciphertext of `plain`. Only `location` can decrypt it.
    #[must_use]
    pub fn seal(&self, location: &str, plain: &[u8]) -> Vec<u8> {
        // 24 random bytes do not repeat, so that replicas need no common counter.
        let nonce = XNonce::generate();
        let payload = Payload { msg: plain, aad: location.as_bytes() };
        // Encryption fails only for bodies over 256 GB; the empty result cannot be decrypted.
        let sealed = self.0.encrypt(&nonce, payload).unwrap_or_default();
        [&[VERSION], nonce.as_slice(), &sealed].concat()
    }

    /// The plain text of a value that was sealed for `location`.
    ///
    /// # Errors
    /// The value was sealed with another key or for another location, or is damaged.
    pub fn unseal(&self, location: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (&version, rest) = sealed.split_first().ok_or(SealError)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        if version != VERSION {
            return Err(SealError);
        }
        let payload = Payload { msg: body, aad: location.as_bytes() };
        self.0.decrypt(&(*nonce).into(), payload).map(Zeroizing::new).map_err(|_| SealError)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_is_unsealed_at_its_location_with_its_key() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("a", b"secret");
        assert_eq!(sealer.unseal("a", &sealed).unwrap().as_slice(), b"secret");
        assert_ne!(sealed, sealer.seal("a", b"secret"));
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
    }

    #[test]
    fn moved_damaged_or_foreign_values_are_not_unsealed() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("a", b"secret");
        assert!(sealer.unseal("b", &sealed).is_err());
        assert!(Sealer::new(&[8; 32]).unseal("a", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(sealer.unseal("a", &damaged).is_err(), "byte {at}");
            assert!(sealer.unseal("a", &sealed[..at]).is_err(), "length {at}");
        }
    }
}
