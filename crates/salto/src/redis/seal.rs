//! Encryption at rest: every secret in Redis is encrypted (sealed) and bound to its key
//! (`docs/contract.md`, invariant 6).

use std::fmt;

use chacha20poly1305::aead::{Aead, Generate, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// The first byte of every sealed value names the algorithm, so that another one can follow.
const VERSION: u8 = 1;
const NONCE_LEN: usize = 24;

/// Encrypts with XChaCha20-Poly1305 under one key, and decrypts what was encrypted under that key or an old
/// one. The location (the whole Redis key, and the field in a hash) is authenticated with it: a value that
/// was moved cannot be decrypted.
pub struct Sealer {
    current: XChaCha20Poly1305,
    old: Vec<XChaCha20Poly1305>,
}

/// A sealed value cannot be decrypted: it was sealed with another key or for another location, or is
/// damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value cannot be decrypted: it belongs to another key or location, or is damaged")]
pub struct SealError;

impl Sealer {
    /// A sealer with a key of 32 random bytes.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self { current: XChaCha20Poly1305::new(key.into()), old: Vec::new() }
    }

    /// A sealer that also decrypts what was sealed with these keys.
    #[must_use]
    pub fn with_old_keys<'a>(mut self, old: impl IntoIterator<Item = &'a [u8; 32]>) -> Self {
        self.old.extend(old.into_iter().map(|key| XChaCha20Poly1305::new(key.into())));
        self
    }

    /// Version, nonce and ciphertext of `plain`. Only `location` can decrypt it.
    #[must_use]
    pub fn seal(&self, location: &str, plain: &[u8]) -> Vec<u8> {
        // 24 random bytes do not repeat, so that replicas need no common counter.
        let nonce = XNonce::generate();
        let payload = Payload { msg: plain, aad: location.as_bytes() };
        // Encryption fails only for bodies over 256 GB; the empty result cannot be decrypted.
        let sealed = self.current.encrypt(&nonce, payload).unwrap_or_default();
        [&[VERSION], nonce.as_slice(), &sealed].concat()
    }

    /// The plain text of a value that was sealed for `location`.
    ///
    /// # Errors
    /// The value was sealed with a key that is not known, or for another location, or is damaged.
    pub fn unseal(&self, location: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        std::iter::once(&self.current)
            .chain(&self.old)
            .find_map(|key| unseal_with(key, location, sealed).ok())
            .ok_or(SealError)
    }

    /// The value sealed with the current key; nothing where it already is.
    ///
    /// # Errors
    /// The value was sealed with a key that is not known, or for another location, or is damaged.
    pub fn reseal(&self, location: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, SealError> {
        if unseal_with(&self.current, location, sealed).is_ok() {
            return Ok(None);
        }
        let plain = self.unseal(location, sealed)?;
        Ok(Some(self.seal(location, &plain)))
    }
}

/// The location of a field of a hash: key and field, separated by a character that neither can have.
#[must_use]
pub fn field_location(key: &str, field: &str) -> String {
    format!("{key}\0{field}")
}

fn unseal_with(
    key: &XChaCha20Poly1305,
    location: &str,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (&version, rest) = sealed.split_first().ok_or(SealError)?;
    let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
    if version != VERSION {
        return Err(SealError);
    }
    let payload = Payload { msg: body, aad: location.as_bytes() };
    key.decrypt(&(*nonce).into(), payload).map(Zeroizing::new).map_err(|_| SealError)
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
    fn an_old_key_is_read_and_replaced_by_the_current_one() {
        let old = Sealer::new(&[7; 32]).seal("a", b"secret");
        let (alone, both) =
            (Sealer::new(&[8; 32]), Sealer::new(&[8; 32]).with_old_keys([&[6; 32], &[7; 32]]));
        assert_eq!(both.unseal("a", &old).unwrap().as_slice(), b"secret");
        assert!(both.unseal("b", &old).is_err() && both.reseal("b", &old).is_err());
        assert!(alone.reseal("a", &old).is_err());
        let new = both.reseal("a", &old).unwrap().unwrap();
        assert_eq!(alone.unseal("a", &new).unwrap().as_slice(), b"secret");
        assert_eq!(both.reseal("a", &new).unwrap(), None);
        assert_eq!(alone.unseal("a", &both.seal("a", b"more")).unwrap().as_slice(), b"more");
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
