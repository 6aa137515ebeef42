//! The filter of `postern audit`: the selected decisions, each of them once.

use std::collections::{HashSet, VecDeque};

use chrono::{DateTime, Utc};
use consumer::audit::{AuditCriteria, AuditEntry};
use uuid::Uuid;

use super::filter_arguments::AuditFilterArguments;
use crate::cli::terminal::output::print_note;

/// The number of ids that are remembered, so that memory does not grow with the audit. The two copies
/// of a line that was written twice are near each other: another worker takes over within seconds.
const REMEMBERED: usize = 100_000;

/// From this time on, and until before that time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    pub(super) since: Option<DateTime<Utc>>,
    pub(super) until: Option<DateTime<Utc>>,
}

/// Parses lines, and keeps the selected entries, each of them once.
#[derive(Debug)]
pub(super) struct EntryFilter {
    criteria: AuditCriteria,
    shown: HashSet<Uuid>,
    order: VecDeque<Uuid>,
    invalid_lines: u64,
}

impl EntryFilter {
    /// The filter of these flags, where the current time is `now`.
    pub(super) fn new(arguments: AuditFilterArguments, now: DateTime<Utc>) -> Self {
        Self {
            criteria: arguments.criteria(now),
            shown: HashSet::new(),
            order: VecDeque::new(),
            invalid_lines: 0,
        }
    }

    /// The integration that is wanted, where no decision of it was found.
    pub(super) fn missing_integration(&self) -> Option<&str> {
        if self.shown.is_empty() { self.criteria.integration.as_deref() } else { None }
    }

    /// The times between which entries are selected.
    pub(super) const fn period(&self) -> Period {
        Period { since: self.criteria.since, until: self.criteria.until }
    }

    /// The entry of a line, where it is selected and was not returned before.
    pub(super) fn new_entry(&mut self, line: &str) -> Option<AuditEntry> {
        if line.trim().is_empty() {
            return None;
        }
        let Ok(entry) = serde_json::from_str::<AuditEntry>(line) else {
            self.invalid_lines += 1;
            return None;
        };
        if !self.criteria.matches(&entry) || !self.shown.insert(entry.id) {
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

    /// Prints a warning about lines that were left out because they are not lines of the audit.
    pub(super) fn report_invalid_lines(&self) {
        match self.invalid_lines {
            0 => {}
            1 => print_note(
                "warning: left out 1 line that is not a line of the audit, or is incomplete",
            ),
            count => print_note(&format!(
                "warning: left out {count} lines that are not lines of the audit, or are incomplete"
            )),
        }
    }
}
