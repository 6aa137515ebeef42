//! Invariant 6: no secret is to be read anywhere.

use super::{Facts, Violation};
use crate::history::{Place, Secret};
use std::collections::{BTreeMap, BTreeSet};

const JUDGE: &str = "6 secrets";

pub(super) fn judge(facts: &Facts<'_>) -> Vec<Violation> {
    let secrets = Sought::new(&facts.history.secrets);
    facts.history.places.iter().flat_map(|place| secrets.found_in(place)).collect()
}

/// The secrets, arranged for looking through megabytes once.
struct Sought<'a> {
    bytes: Vec<(&'a str, &'a [u8])>,
    words: BTreeMap<&'a [u8], &'a str>,
    lengths: BTreeMap<usize, &'a str>,
}

impl<'a> Sought<'a> {
    fn new(secrets: &'a [Secret]) -> Self {
        let mut sought =
            Self { bytes: Vec::new(), words: BTreeMap::new(), lengths: BTreeMap::new() };
        for secret in secrets {
            match secret {
                Secret::Bytes { kind, value } => sought.bytes.push((kind, value)),
                Secret::Word { kind, value } => {
                    sought.words.insert(value.as_bytes(), kind);
                }
                Secret::WordsOfLength { kind, length } => {
                    sought.lengths.insert(*length, kind);
                }
            }
        }
        sought
    }

    fn found_in(&self, place: &Place) -> Vec<Violation> {
        let mut kinds = BTreeSet::new();
        for (kind, value) in &self.bytes {
            if contains(&place.content, value) {
                kinds.insert(*kind);
            }
        }
        // What is part of an id, a path or an encoded value is no word of its own.
        let joins = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_+/".contains(byte);
        for word in place.content.split(|byte| !joins(byte)) {
            kinds.extend(self.words.get(word));
            if word.iter().all(u8::is_ascii_alphanumeric) {
                kinds.extend(self.lengths.get(&word.len()));
            }
        }
        let found = kinds.into_iter();
        found.map(|kind| Violation::of(JUDGE, format!("{kind} is in {}", place.name))).collect()
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
