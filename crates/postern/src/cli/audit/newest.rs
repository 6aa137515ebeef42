//! The last few of what is wanted.

use std::collections::VecDeque;

use consumer::audit::Entry;

use super::{sieve::Sieve, source::Parts};
use crate::cli::failure::Failure;

/// A line as it was written, and what it says.
pub(super) type Found = (String, Entry);

/// The newest `limit` wanted lines, the oldest of them first, of parts that come the newest first;
/// whether there are more.
pub(super) async fn find(
    limit: usize,
    parts: &mut Parts<'_>,
    sieve: &mut Sieve,
) -> Result<(VecDeque<Found>, bool), Failure> {
    let mut found = VecDeque::new();
    let mut more = false;
    while !more {
        let room = limit - found.len();
        let mut part = VecDeque::new();
        let mut keep = |line: &str| {
            if let Some(entry) = sieve.admit(line) {
                part.push_back((line.to_owned(), entry));
                if part.len() > room {
                    more = true;
                    part.pop_front();
                }
            }
            Ok(())
        };
        if !parts.next(&mut keep).await? {
            break;
        }
        part.append(&mut found);
        found = part;
    }
    Ok((found, more))
}
