//! The mistakes found in a world, each with its path in the world file.

use std::collections::HashSet;
use std::fmt::Display;
use std::hash::Hash;

#[derive(Default)]
pub(super) struct Mistakes(Vec<String>);

impl Mistakes {
    /// One line per mistake.
    pub(super) fn into_lines(self) -> Vec<String> {
        self.0
    }

    pub(super) fn add(&mut self, path: &str, problem: &str) {
        self.0.push(format!("{path}: {problem}"));
    }

    pub(super) fn require_text(&mut self, path: &str, value: &str) {
        if value.is_empty() {
            self.add(path, "must not be empty");
        }
    }

    pub(super) fn require_unique<T: Eq + Hash + Display>(
        &mut self,
        list: &str,
        member: &str,
        values: impl Iterator<Item = T>,
    ) {
        let mut seen = HashSet::new();
        for value in values {
            if seen.contains(&value) {
                self.add(list, &format!("{member} {value} appears twice"));
            }
            seen.insert(value);
        }
    }
}
