//! The failure of a command: its text on standard error, and its exit status.

use std::{fmt::Display, io::Write, process::ExitCode};

use crate::config::MistakeReport;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum CommandFailure {
    /// The command line is wrong.
    Usage(String),
    /// The configuration has mistakes.
    Configuration(MistakeReport),
    /// The command failed.
    Failed(anyhow::Error),
    /// The output already says what is wrong.
    AlreadyReported,
    /// Standard output was closed by its reader, as by `| head`. This is not an error.
    OutputClosed,
}

impl CommandFailure {
    /// A failure with this text and no further cause.
    pub(crate) fn message(text: impl Display) -> Self {
        Self::Failed(anyhow::Error::msg(text.to_string()))
    }

    /// Prints the failure on standard error, and returns its exit status.
    pub(super) fn report(&self) -> ExitCode {
        let (text, status) = match self {
            Self::Usage(text) => (text.clone(), 2),
            Self::Configuration(report) => (report.to_string(), 2),
            Self::Failed(error) => (one_line(error), 1),
            Self::AlreadyReported => return ExitCode::FAILURE,
            Self::OutputClosed => return ExitCode::SUCCESS,
        };
        // Where standard error is closed too, only the exit status is left.
        let _ = writeln!(std::io::stderr(), "error: {text}");
        ExitCode::from(status)
    }
}

impl From<anyhow::Error> for CommandFailure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// An error and its causes in one line; a cause that an error already repeats is left out.
pub(super) fn one_line(error: &anyhow::Error) -> String {
    let mut line = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn an_error_and_its_causes_are_one_line_without_repetition() {
        let error = Err::<(), _>(anyhow::anyhow!("host is\naway"))
            .context("no connection: host is\naway")
            .context("cannot list locks")
            .unwrap_err();
        assert_eq!(one_line(&error), "cannot list locks: no connection: host is away");
    }
}
