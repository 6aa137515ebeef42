//! Proof Key for Code Exchange (RFC 7636), S256 alone: whoever exchanges a code must hold the
//! verifier whose digest came with the sign-in. [S1]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::same_text::same_text;

/// Whether it can be the digest of anything: 32 bytes in base64url.
pub(super) fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// Whether the verifier has the form of one (4.1) and the challenge is its digest.
pub(super) fn verifies(verifier: &str, challenge: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let well_formed = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
    well_formed && same_text(&URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)), challenge)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_verifies_and_nothing_else() {
        assert!(is_challenge(CHALLENGE));
        assert!(verifies(VERIFIER, CHALLENGE));
        assert!(!verifies(&VERIFIER.replace('X', "Y"), CHALLENGE));
        assert!(!verifies("short", &URL_SAFE_NO_PAD.encode(Sha256::digest("short"))));
        let spaced = VERIFIER.replace('-', " ");
        assert!(!verifies(&spaced, &URL_SAFE_NO_PAD.encode(Sha256::digest(&spaced))));
        assert!(!is_challenge(&CHALLENGE[1..]) && !is_challenge("not base64url!"));
    }
}
