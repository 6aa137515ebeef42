//! What is wanted of what was read, once.

use std::collections::{HashSet, VecDeque};

use consumer::audit::Entry;
use uuid::Uuid;

use super::filters::Wanted;
use crate::cli::output::note;

/// Ids remembered, so that memory does not grow with the audit. A line that was written twice stands
/// near its twin: another worker takes over within seconds.
const REMEMBERED: usize = 100_000;

/// Lets wanted lines through, and each of them once.
#[derive(Debug)]
pub(super) struct Sieve {
    wanted: Wanted,
    shown: HashSet<Uuid>,
    order: VecDeque<Uuid>,
    foreign: u64,
}

impl Sieve {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { wanted, shown: HashSet::new(), order: VecDeque::new(), foreign: 0 }
    }

    /// The line's entry, where it is wanted and has not been before.
    pub(super) fn admit(&mut self, line: &str) -> Option<Entry> {
        if line.trim().is_empty() {
            return None;
        }
        let Ok(entry) = serde_json::from_str::<Entry>(line) else {
            self.foreign += 1;
            return None;
        };
        if !self.wanted.admit(&entry) || !self.shown.insert(entry.id) {
            return None;
        }
        self.order.push_back(entry.id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.shown.remove(&oldest);
        }
        Some(entry)
    }

    /// Says what was left out and should not have been there.
    pub(super) fn tell(&self) {
        match self.foreign {
            0 => {}
            1 => note("warning: left out a line that is none of the audit, or half of one"),
            count => {
                note(&format!("warning: left out {count} lines that are none of the audit"));
            }
        }
    }
}
