//! An append-only list with numbers. The cost of reading on from a number depends on the new items
//! only.

use serde::Serialize;

/// Numbers start at 1, have no gaps and are not used again after [`Log::clear`].
pub(crate) struct Log<T> {
    cleared: u64,
    items: Vec<T>,
}

/// An item with its number, as the control API shows it.
#[derive(Serialize)]
pub(crate) struct Numbered<T> {
    pub(crate) seq: u64,
    #[serde(flatten)]
    pub(crate) item: T,
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { cleared: 0, items: Vec::new() }
    }
}

impl<T: Clone> Log<T> {
    pub(crate) fn push(&mut self, item: T) -> u64 {
        self.items.push(item);
        self.last_seq()
    }

    /// The number of the newest item, also of one that was cleared; 0 before the first.
    pub(crate) fn last_seq(&self) -> u64 {
        self.cleared + self.items.len() as u64
    }

    /// The number of items since the last [`Log::clear`].
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn clear(&mut self) {
        self.cleared = self.last_seq();
        self.items = Vec::new();
    }

    /// The newest `last` of the items with a number above `since`, oldest first.
    pub(crate) fn read(&self, since: u64, last: usize) -> Vec<Numbered<T>> {
        let skip = usize::try_from(since.saturating_sub(self.cleared)).unwrap_or(usize::MAX);
        let from = skip.max(self.items.len().saturating_sub(last)).min(self.items.len());
        (self.cleared + 1 + from as u64..)
            .zip(&self.items[from..])
            .map(|(seq, item)| Numbered { seq, item: item.clone() })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seqs(log: &Log<char>, since: u64, last: usize) -> Vec<(u64, char)> {
        log.read(since, last).into_iter().map(|numbered| (numbered.seq, numbered.item)).collect()
    }

    #[test]
    fn reading_on_from_a_number_also_works_after_clear() {
        let mut log = Log::default();
        assert_eq!(log.last_seq(), 0);
        assert_eq!((log.push('a'), log.push('b'), log.push('c')), (1, 2, 3));
        assert_eq!(seqs(&log, 1, usize::MAX), [(2, 'b'), (3, 'c')]);
        assert_eq!(seqs(&log, 0, 1), [(3, 'c')]);
        assert_eq!(seqs(&log, 3, usize::MAX), []);
        assert_eq!(seqs(&log, 99, usize::MAX), []);
        log.clear();
        assert_eq!(log.last_seq(), 3);
        assert_eq!(log.push('d'), 4);
        assert_eq!(seqs(&log, 0, usize::MAX), [(4, 'd')]);
        assert_eq!(seqs(&log, 3, usize::MAX), [(4, 'd')]);
        assert_eq!(seqs(&log, 4, usize::MAX), []);
    }
}
