//! How far a long walk has come: a line on standard error, where that is a terminal. It is removed at the end.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use operations::Progress;

use crate::cli::colours;

/// A walk that takes less time shows nothing.
const FIRST_AFTER: Duration = Duration::from_secs(1);

/// The time between two lines.
const INTERVAL: Duration = Duration::from_millis(200);

/// The line of one walk.
pub(super) struct ProgressLine {
    /// When it is due next; none where nothing is shown.
    due: Option<Instant>,
    is_shown: bool,
}

impl ProgressLine {
    /// The line of a walk that begins.
    pub(super) fn new(progress: &Progress) -> Self {
        let due = colours::obeys_escapes(&io::stderr()).then(|| progress.began + FIRST_AFTER);
        Self { due, is_shown: false }
    }

    /// Shows how far the walk has come, where that is due.
    pub(super) fn show(&mut self, progress: &Progress) {
        if self.due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        self.due = Some(Instant::now() + INTERVAL);
        self.is_shown = true;
        let Progress { what, done, of, .. } = progress;
        let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
        let mut err = io::stderr();
        let _ = write!(err, "\r\u{1b}[K{done}{of} {what}").and_then(|()| err.flush());
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.is_shown {
            let mut err = io::stderr();
            let _ = write!(err, "\r\u{1b}[K").and_then(|()| err.flush());
        }
    }
}
