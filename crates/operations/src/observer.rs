//! Who is told what an operation has to say before its result.

use std::time::Instant;

/// Who is told what an operation has to say before its result.
pub trait Observer: Send + Sync {
    /// A line for the operator that is not a result, such as a warning.
    fn note(&self, text: &str);

    /// How far a long walk has come: called at its beginning, and whenever something more is done.
    fn progress(&self, _progress: &Progress) {}

    /// The walk has ended.
    fn progress_ended(&self) {}

    /// Whether the operation tries credentials at once that Salto has rejected, as an operator's command does
    /// (`docs/contract.md`, invariant 7). A page that is only looked at does not: each look would be a wrong password
    /// for Salto, which locks accounts, and would double the pause of all workers.
    fn retries_rejected_credentials(&self) -> bool {
        true
    }
}

/// How far a walk through many things has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The things, and what is done with them, such as `dead letters read`.
    pub what: &'static str,
    /// How many are done.
    pub done: u64,
    /// How many there are, where that is known.
    pub of: Option<u64>,
    /// When the walk began.
    pub began: Instant,
}

/// A walk through many things, of which an observer is told.
pub struct Walk<'a> {
    observer: &'a dyn Observer,
    progress: Progress,
}

impl<'a> Walk<'a> {
    /// Begins a walk through `of` things, where their number is known.
    pub fn begin(observer: &'a dyn Observer, what: &'static str, of: Option<u64>) -> Self {
        let progress = Progress { what, done: 0, of, began: Instant::now() };
        observer.progress(&progress);
        Self { observer, progress }
    }

    /// So many more are done.
    pub fn advance(&mut self, more: u64) {
        self.progress.done += more;
        self.observer.progress(&self.progress);
    }
}

impl Drop for Walk<'_> {
    fn drop(&mut self) {
        self.observer.progress_ended();
    }
}
