//! How far a long walk has come: a line on standard error, where that is a terminal. It is removed at the end.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use crate::cli::colours;

/// A walk that takes less time shows nothing.
const FIRST_AFTER: Duration = Duration::from_secs(1);

/// The time between two lines.
const INTERVAL: Duration = Duration::from_millis(200);

/// A walk through many things.
pub(crate) struct Progress {
    what: &'static str,
    done: u64,
    of: Option<u64>,
    /// When the next line is due; none where nothing is shown.
    due: Option<Instant>,
    is_shown: bool,
}

impl Progress {
    /// Begins a walk through `of` things, where their number is known.
    pub(crate) fn new(what: &'static str, of: Option<u64>) -> Self {
        let due = colours::obeys_escapes(&io::stderr()).then(|| Instant::now() + FIRST_AFTER);
        Self { what, done: 0, of, due, is_shown: false }
    }

    /// From now on, nothing is shown.
    pub(crate) fn hide(&mut self) {
        self.due = None;
    }

    /// So many more are done.
    pub(crate) fn advance(&mut self, more: u64) {
        self.done += more;
        if self.due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        self.due = Some(Instant::now() + INTERVAL);
        self.is_shown = true;
        let Self { what, done, .. } = self;
        let of = self.of.map(|of| format!(" of {of}")).unwrap_or_default();
        let mut err = io::stderr();
        let _ = write!(err, "\r\u{1b}[K{done}{of} {what}").and_then(|()| err.flush());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let mut err = io::stderr();
            let _ = write!(err, "\r\u{1b}[K").and_then(|()| err.flush());
        }
    }
}
