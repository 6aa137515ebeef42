//! Encryption at rest: everything secret in Redis is sealed, bound to the place where it lies.

use std::fmt;

use chacha20poly1305::aead::{Aead, Generate, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// First byte of every sealed value: which algorithm, should there ever be another.
const VERSION: u8 = 1;
const NONCE_LEN: usize = 24;

/// Seals and unseals with XChaCha20-Poly1305 under one key. The place (the whole Redis key, and the
/// field where it is a hash) is authenticated: a value moved elsewhere does not open.
pub struct Sealer(XChaCha20Poly1305);

/// A sealed value that does not open: made under another key, for another place, or damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open: it belongs to another key or place, or is damaged")]
pub struct SealError;

impl Sealer {
    /// A sealer with a key of 32 random bytes.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Version, nonce and ciphertext of `plain`, good for `place` alone.
    #[must_use]
    pub fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        // 24 random bytes never repeat, so replicas need not count together.
        let nonce = XNonce::generate();
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        // Encryption fails for bodies beyond 256 GB alone; what is kept then opens nowhere.
        let sealed = self.0.encrypt(&nonce, payload).unwrap_or_default();
        [&[VERSION], nonce.as_slice(), &sealed].concat()
    }

    /// What was sealed for `place`.
    ///
    /// # Errors
    /// The value was sealed with another key or for another place, or is damaged.
    pub fn unseal(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (&version, rest) = sealed.split_first().ok_or(SealError)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        if version != VERSION {
            return Err(SealError);
        }
        let payload = Payload { msg: body, aad: place.as_bytes() };
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
    fn what_was_sealed_opens_at_its_place_under_its_key() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("a", b"secret");
        assert_eq!(sealer.unseal("a", &sealed).unwrap().as_slice(), b"secret");
        assert_ne!(sealed, sealer.seal("a", b"secret"));
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
    }

    #[test]
    fn moved_damaged_or_foreign_values_do_not_open() {
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
