//! What operations say meanwhile, on the terminal.

use std::sync::{Mutex, PoisonError};

use operations::{Observer, Progress};

use super::{output::print_note, progress::ProgressLine};

/// Notes go to standard error.
pub(crate) struct TerminalObserver;

impl Observer for TerminalObserver {
    fn note(&self, text: &str) {
        print_note(text);
    }
}

/// Notes go to standard error, and so does the progress of a long walk.
#[derive(Default)]
pub(crate) struct ProgressObserver {
    is_hidden: bool,
    line: Mutex<Option<ProgressLine>>,
}

impl ProgressObserver {
    /// An observer that shows notes alone, for commands that print their results meanwhile.
    pub(crate) fn hidden() -> Self {
        Self { is_hidden: true, line: Mutex::default() }
    }
}

impl Observer for ProgressObserver {
    fn note(&self, text: &str) {
        print_note(text);
    }

    fn progress(&self, progress: &Progress) {
        if !self.is_hidden {
            let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            line.get_or_insert_with(|| ProgressLine::new(progress)).show(progress);
        }
    }

    fn progress_ended(&self) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
