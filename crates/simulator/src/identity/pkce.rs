//! Proof Key for Code Exchange (RFC 7636) with S256 only: the exchange of a code must present the
//! verifier whose digest was sent with the sign-in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::constant_time::constant_time_eq;

/// Whether the text has the form of a digest: 32 bytes in base64url.
pub(super) fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Whether the verifier is well formed (RFC 7636, 4.1) and the challenge is its digest.
pub(super) fn verifies(verifier: &str, challenge: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
    well_formed && constant_time_eq(&URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)), challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn only_the_verifier_of_the_rfc_verifies() {
        assert!(is_challenge(CHALLENGE));
        assert!(verifies(VERIFIER, CHALLENGE));
        assert!(!verifies(&VERIFIER.replace('X', "Y"), CHALLENGE));
        assert!(!verifies("short", &URL_SAFE_NO_PAD.encode(Sha256::digest("short"))));
        let spaced = VERIFIER.replace('-', " ");
        assert!(!verifies(&spaced, &URL_SAFE_NO_PAD.encode(Sha256::digest(&spaced))));
        assert!(!is_challenge(&CHALLENGE[1..]) && !is_challenge("not base64url!"));
    }
}
