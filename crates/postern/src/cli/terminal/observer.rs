//! What operations say meanwhile, on the terminal.

use operations::Observer;

use super::output::print_note;

/// Notes go to standard error.
pub(crate) struct TerminalObserver;

impl Observer for TerminalObserver {
    fn note(&self, text: &str) {
        print_note(text);
    }
}
