//! What Salto answers, read by the functions that read it in a worker: for the program that fuzzes them, and
//! for nothing else.

use crate::{site, token};

/// Reads the answer to a token request, as that of a granted and as that of a refused one. Returns whether
/// it has a usable token.
#[must_use]
pub fn read_token(body: &[u8]) -> bool {
    token::has_token(body)
}

/// Reads a page as a page of each list, and as an error. Returns whether one of the lists has an item.
#[must_use]
pub fn read_list(body: &[u8]) -> bool {
    crate::http::read_error(body);
    site::has_item(body)
}
