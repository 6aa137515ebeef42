//! Invariant 6: no secret leaks.

use super::{HistoryIndex, Violation};
use crate::history::{Artifact, Secret};
use std::collections::{BTreeMap, BTreeSet};

const CHECK: &str = "6 secrets";

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let secrets = SecretSearch::new(&index.history.secrets);
    index.history.artifacts.iter().flat_map(|place| secrets.found_in(place)).collect()
}

/// The secrets in a form in which megabytes are searched once.
struct SecretSearch<'a> {
    bytes: Vec<(&'a str, &'a [u8])>,
    words: BTreeMap<&'a [u8], &'a str>,
    lengths: BTreeMap<usize, &'a str>,
}

impl<'a> SecretSearch<'a> {
    fn new(secrets: &'a [Secret]) -> Self {
        let mut search =
            Self { bytes: Vec::new(), words: BTreeMap::new(), lengths: BTreeMap::new() };
        for secret in secrets {
            match secret {
                Secret::Bytes { kind, value } => search.bytes.push((kind, value)),
                Secret::Word { kind, value } => {
                    search.words.insert(value.as_bytes(), kind);
                }
                Secret::WordsOfLength { kind, length } => {
                    search.lengths.insert(*length, kind);
                }
            }
        }
        search
    }

    fn found_in(&self, place: &Artifact) -> Vec<Violation> {
        let mut kinds = BTreeSet::new();
        for (kind, value) in &self.bytes {
            if contains(&place.content, value) {
                kinds.insert(*kind);
            }
        }
        // A part of an id, of a path or of an encoded value is not a word.
        let joins = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_+/".contains(byte);
        for word in place.content.split(|byte| !joins(byte)) {
            kinds.extend(self.words.get(word));
            if word.iter().all(u8::is_ascii_alphanumeric) {
                kinds.extend(self.lengths.get(&word.len()));
            }
        }
        let found = kinds.into_iter();
        found.map(|kind| Violation::of(CHECK, format!("{kind} is in {}", place.name))).collect()
    }
}

fn contains(content: &[u8], value: &[u8]) -> bool {
    let Some(first) = value.first() else { return false };
    let mut rest = content;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(value) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}
