//! The newest selected decisions.

use std::collections::VecDeque;

use consumer::audit::AuditEntry;
use operations::Walk;

use super::{filter::EntryFilter, source::BatchReader};
use crate::cli::{failure::CommandFailure, terminal::observer::ProgressObserver};

/// A line as it was written, and the entry in it.
pub(super) struct FoundEntry {
    pub(super) line: String,
    pub(super) entry: AuditEntry,
}

/// The newest selected entries, the oldest of them first.
pub(super) struct Newest {
    pub(super) entries: VecDeque<FoundEntry>,
    /// Whether there are older ones.
    pub(super) has_more: bool,
}

/// Finds the newest `limit` selected entries in batches that are read newest first.
pub(super) async fn find(
    limit: usize,
    batches: &mut BatchReader<'_>,
    filter: &mut EntryFilter,
) -> Result<Newest, CommandFailure> {
    let observer = ProgressObserver::default();
    let mut walk = Walk::begin(&observer, "lines of the audit read", None);
    let mut entries = VecDeque::new();
    let mut has_more = false;
    while !has_more {
        let room = limit - entries.len();
        let mut batch = VecDeque::new();
        let mut keep = |line: &str| {
            walk.advance(1);
            if let Some(entry) = filter.new_entry(line) {
                batch.push_back(FoundEntry { line: line.to_owned(), entry });
                if batch.len() > room {
                    has_more = true;
                    batch.pop_front();
                }
            }
            Ok(())
        };
        if !batches.read_next(&mut keep).await? {
            break;
        }
        batch.append(&mut entries);
        entries = batch;
    }
    Ok(Newest { entries, has_more })
}
