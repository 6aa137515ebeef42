//! Tokens of programs.

use config::ConsoleToken;
use subtle::ConstantTimeEq;

use super::digest::{random_text, sha256, sha256_hex};

/// What every token begins with, so that it is recognised where it does not belong.
const PREFIX: &str = "postern_";

/// A new token. Only its hash is configured; the token itself is kept nowhere.
#[derive(Debug)]
pub struct NewToken {
    /// What the program sends.
    pub token: String,
    /// `hash` in `[[console.tokens]]`.
    pub hash: String,
}

/// Makes a token of 256 random bits.
#[must_use]
pub fn new_token() -> NewToken {
    let token = format!("{PREFIX}{}", random_text());
    let hash = sha256_hex(&token);
    NewToken { token, hash }
}

/// The token that was sent, if it is one of these. It takes the same time whichever it is.
pub(crate) fn find<'a>(tokens: &'a [ConsoleToken], sent: &str) -> Option<&'a ConsoleToken> {
    let hash = sha256(sent);
    tokens.iter().fold(
        None,
        |found, token| {
            if bool::from(token.hash.ct_eq(&hash)) { Some(token) } else { found }
        },
    )
}
